/** Characters of a name, its extension included. */
const longest = 120;
/** What is looked at of a given name; the rest is dropped unread. */
const readMost = 1_000;
/** Extensions that say what a file is to a person's computer; one of these that is wrong is replaced. */
const replaceable =
  /\.(jpe?g|jfif|png|apng|webp|gif|mp4|m4v|m4a|mov|webm|mkv|mp3|og[gav]|opus|aac|wav|flac)$/i;
/** Endings that mean the same as the first. */
const alike: Readonly<Record<string, readonly string[]>> = {
  jpg: ['jpeg', 'jfif'],
  mp4: ['m4v'],
  ogg: ['oga', 'opus'],
  txt: ['csv', 'tsv', 'md', 'log', 'json', 'srt', 'vtt', 'ics', 'yaml', 'yml', 'po', 'tex'],
  gz: ['tgz'],
  zip: ['cbz'],
};

/**
 * The name of a file as its owner gave it, without anything that could be a path, a trick of display or a lie about what
 * the file is: the ending is the one of `extension`. null: nothing is left of it.
 */
export function safeName(given: string | null, extension: string): string | null {
  const last = (given ?? '').split(/[/\\]/).at(-1) ?? '';
  const plain = last
    .slice(0, readMost)
    .normalize('NFC')
    // Controls, and the marks that turn the direction of writing: `txt.exe` shows as `exe.txt`.
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu, '')
    .replace(/["<>:|?*]/g, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  if (plain === '') return null;
  const ending = /\.([a-z0-9]{1,10})$/i.exec(plain)?.[1]?.toLowerCase() ?? '';
  const right = ending === extension || (alike[extension] ?? []).includes(ending);
  const stem = right ? plain.slice(0, -ending.length - 1) : plain.replace(replaceable, '');
  const end = right ? plain.slice(-ending.length) : extension;
  const cut = [...stem]
    .slice(0, longest - end.length - 1)
    .join('')
    .trimEnd();
  return cut === '' ? null : `${cut}.${end}`;
}
