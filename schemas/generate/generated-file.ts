/** A file of generated code. */
export interface GeneratedFile {
  /** The file name without a folder. */
  name: string;
  text: string;
}
