/** The port of MicroPython for WebAssembly, as far as the tests use it; it brings no types. */
declare module '@micropython/micropython-webassembly-pyscript/micropython.mjs' {
  export interface MicroPython {
    /** A file system in memory. */
    readonly FS: {
      readonly mkdir: (path: string) => void;
      readonly writeFile: (path: string, text: string) => void;
    };
    /** @throws with the traceback */
    readonly runPython: (code: string) => unknown;
  }

  export function loadMicroPython(options: {
    stdout: (line: string) => void;
    linebuffer: boolean;
    /** Bytes. */
    heapsize: number;
  }): Promise<MicroPython>;
}
