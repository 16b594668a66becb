/** Networks trim, join blanks and give some characters back as entities: none of that tells two texts apart. */
export function comparable(text: string): string {
  return unescaped(text).normalize('NFC').replace(/\s+/g, ' ').trim();
}

/** The four characters that networks give back as entities. */
export function unescaped(text: string): string {
  return text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&');
}
