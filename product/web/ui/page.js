() => {
  // The language of the texts, for screen readers and hyphenation.
  const chinese = (navigator.language || '').toLowerCase().startsWith('zh');
  document.documentElement.lang = chinese ? 'zh' : 'en';
  // Ctrl or Command with Enter analyses the message. Capture the event, so that the text box does not handle it too.
  document.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    if (!event.target.closest?.('#message')) return;
    event.preventDefault();
    event.stopPropagation();
    document.querySelector('#read')?.click();
  }, true);
  // The confirm button disappears when it is clicked and the label buttons move up under the pointer. Ignore clicks on
  // them for 0.7 seconds, so that a double click does not choose another label.
  let confirmed = -Infinity;
  document.addEventListener('click', event => {
    if (event.target.closest?.('#confirm')) confirmed = event.timeStamp;
    if (!event.target.closest?.('#labels button') || event.timeStamp - confirmed > 700) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
}
