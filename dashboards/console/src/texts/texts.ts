import { english } from './en/english.ts';

/** A translation is another object of this type: the compiler names what it lacks. */
export type Texts = typeof english;

/** Every text that the console shows. */
export const texts: Texts = english;
