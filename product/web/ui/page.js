() => {
  // The language that the words are in, for screen readers and hyphenation.
  const chinese = (navigator.language || '').toLowerCase().startsWith('zh');
  document.documentElement.lang = chinese ? 'zh' : 'en';
  // Ctrl or Command and Enter reads the message. Captured, so that the text box does not act on it as well.
  document.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    if (!event.target.closest?.('#message')) return;
    event.preventDefault();
    event.stopPropagation();
    document.querySelector('#read')?.click();
  }, true);
  // Once "Yes" is clicked it goes, and the labels move up to where the pointer is: the second click of a double one
  // would give another label.
  let confirmed = -Infinity;
  document.addEventListener('click', event => {
    if (event.target.closest?.('#yes')) confirmed = event.timeStamp;
    if (!event.target.closest?.('#labels button') || event.timeStamp - confirmed > 700) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
}
