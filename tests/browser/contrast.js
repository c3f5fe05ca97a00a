// Texts on the page whose contrast with their background is below 4.5 to 1 (WCAG 2.1, 1.4.3). Disabled elements are exempt.
() => {
  const channel = value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const parse = colour => { const parts = colour.match(/[\d.]+/g).map(Number); return parts.length < 4 ? [...parts, 1] : parts; };
  const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const behind = element => {
    const layers = [];
    for (let current = element; current; current = current.parentElement) {
      layers.push(parse(getComputedStyle(current).backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const ratio = (colour, ground) => {
    const [light, dark] = [luminance(over(parse(colour), ground)), luminance(ground)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const poor = [];
  for (const element of document.querySelectorAll('body *')) {
    if (!element.checkVisibility({visibilityProperty: true}) || element.closest('.visually-hidden, :disabled')) continue;
    const written = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    const colours = written || element.value ? [getComputedStyle(element).color] : [];
    if (element.placeholder) colours.push(getComputedStyle(element, '::placeholder').color);
    const lowest = Math.min(...colours.map(colour => ratio(colour, behind(element))));
    if (lowest < 4.5) poor.push(`${lowest.toFixed(2)} ${element.tagName} ${element.textContent.trim().slice(0, 40)}`);
  }
  return poor;
}
