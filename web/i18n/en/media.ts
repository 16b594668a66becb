/** The library of files. */
export const media = {
  lead: 'Pictures, videos and documents of your posts. Drop files here, too.',
  upload: 'Upload files',
  none: 'No files yet',
  none_text: 'Drop pictures, videos or documents here, or upload them with the button above.',
  kind: {
    image: 'Picture',
    video: 'Video',
    animation: 'Animation',
    audio: 'Audio',
    voice: 'Voice message',
    document: 'Document',
  },
  seconds_one: '{{count}} second',
  seconds_other: '{{count}} seconds',
  alt: 'Description',
  alt_hint: 'For people who do not see it.',
  has_alt: 'Described',
  described: 'The description was saved.',
  deleted: 'The file was deleted.',
  ask_delete: 'Delete this file?',
  ask_delete_text: 'Posts that are out keep their copy at the network. This cannot be undone.',
};
