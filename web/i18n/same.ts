type Plural = 'zero' | 'one' | 'two' | 'few' | 'many' | 'other';
type Stem<Key> = Key extends `${infer Start}_${Plural}` ? Start : Key;

/** The shape of another language: the same words, with the plural forms that it has. */
export type Same<Words> = {
  [Key in keyof Words as Words[Key] extends string
    ? Key extends `${string}_${Plural}`
      ? never
      : Key
    : Key]: Words[Key] extends string ? string : Same<Words[Key]>;
} & {
  [Key in keyof Words as Words[Key] extends string
    ? Key extends `${string}_${Plural}`
      ?
          | `${Stem<Key> & string}_one`
          | `${Stem<Key> & string}_few`
          | `${Stem<Key> & string}_many`
          | `${Stem<Key> & string}_other`
      : never
    : never]: string;
};
