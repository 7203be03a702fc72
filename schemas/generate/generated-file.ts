/** A file of generated code, to be written as it is. */
export interface GeneratedFile {
  /** Without a folder. */
  name: string;
  text: string;
}
