/**
 * The address of a module that is loaded by its address, as worker threads are: beside the caller, and with the
 * caller's ending, since Node runs the sources as `.ts` and the package as `.js`.
 * @param name without an ending, such as `sqlite-worker`
 * @param caller the caller's `import.meta.url`
 */
export function siblingModule(name: string, caller: string): URL {
  return new URL(name + caller.slice(caller.lastIndexOf('.')), caller);
}
