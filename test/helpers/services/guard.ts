import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a process ended: its exit code, or the signal that ended it. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface GuardedChild {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly running: boolean;
  /** The newest 64 KiB of what it wrote on stdout and stderr. */
  output(): string;
  /** Sends the signal and resolves when the process has ended; does nothing to one that has. */
  end(signal: NodeJS.Signals): Promise<Exit>;
  /** Freezes it (SIGSTOP) and returns when every thread of it stands: its sockets stay open, nothing is answered. */
  pause(): void;
  /** Ends the freeze (SIGCONT). */
  resume(): void;
}

const outputLimit = 65_536;

/**
 * The guard outlives whatever happens to this process: it reads a pipe that only we hold, and when the pipe
 * closes (exit, crash, SIGKILL) it kills the processes and removes the folders it was told of. It leads a
 * session of its own, so that Ctrl-C does not end it first.
 */
const guardScript = `
pids=; folders=; IFS='
'
without() { for item in $1; do [ "$item" = "$2" ] || printf '%s\\n' "$item"; done; }
while IFS=' ' read -r verb what; do
  case $verb in
    +pid) pids="$pids
$what" ;;
    -pid) pids=$(without "$pids" "$what") ;;
    +folder) folders="$folders
$what" ;;
    -folder) folders=$(without "$folders" "$what") ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
for folder in $folders; do rm -rf "$folder"; done
`;

let guard: ChildProcess | undefined;

function tellGuard(line: string): void {
  if (guard === undefined) {
    guard = spawn('/bin/sh', ['-c', guardScript], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    // It waits for our end, so we must not wait for its.
    guard.unref();
    const pipe = guard.stdin;
    if (pipe !== null && 'unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  }
  guard.stdin?.write(`${line}\n`);
}

export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

/** An empty folder, readable by us alone; it goes with `remove()` or with this process, however that ends. */
export function temporaryFolder(name: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `device-hub-${name}-`));
  tellGuard(`+folder ${path}`);
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true });
      tellGuard(`-folder ${path}`);
    },
  };
}

const freezeLimitMs = 5_000;

/** SIGSTOP reaches a thread only when it next enters or leaves the kernel: until then it may still answer. */
function freeze(child: ChildProcess, pid: number): void {
  child.kill('SIGSTOP');
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return;
  const deadline = performance.now() + freezeLimitMs;
  const never = new Int32Array(new SharedArrayBuffer(4));
  const stands = (thread: string): boolean => {
    try {
      // proc(5): the state follows the name, which is in parentheses; T is stopped, Z and X are ended.
      return /\) [TZX] /.test(readFileSync(`${threads}/${thread}/stat`, 'utf8'));
    } catch {
      // The thread has ended since it was listed.
      return true;
    }
  };
  while (!readdirSync(threads).every(stands)) {
    if (performance.now() > deadline)
      throw new Error(`process ${pid} did not stop within ${freezeLimitMs} ms`);
    Atomics.wait(never, 0, 0, 1);
  }
}

/**
 * Starts a real process that cannot outlive this one, however this one ends.
 * @throws when the program cannot be started (the error of `spawn`)
 */
export async function spawnGuarded(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  cwd?: string,
): Promise<GuardedChild> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env, cwd });
  const { pid } = child;
  if (pid !== undefined) tellGuard(`+pid ${pid}`);
  let gone = false;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', () => {
      gone = true;
      tellGuard(`-pid ${pid}`);
    });
    // `close`, not `exit`: the last lines it wrote have been read by then.
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  let tail = '';
  const keep = (chunk: string): void => {
    tail = (tail + chunk).slice(-outputLimit);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  if (pid === undefined) throw new Error(`${command} has no process id`);
  return {
    process: child,
    pid,
    exited,
    get running() {
      return !gone;
    },
    output: () => tail,
    end(signal) {
      // A stopped process takes no signal but SIGKILL before it is continued.
      if (!gone && child.kill(signal) && signal !== 'SIGKILL') child.kill('SIGCONT');
      return exited;
    },
    pause: () => freeze(child, pid),
    resume: () => void child.kill('SIGCONT'),
  };
}
