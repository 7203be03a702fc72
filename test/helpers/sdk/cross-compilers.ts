/** Compilers for microcontrollers, from Debian. */

import { program } from '../services/services.ts';

export interface CrossCompiler {
  program: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
}

/** For a Cortex-M4, optimized for size, without a C library: the SDK needs none. */
export function armCompiler(): CrossCompiler {
  const { path, env } = program('arm-none-eabi-gcc');
  const args = ['-mcpu=cortex-m4', '-mthumb', '-Os', '-ffunction-sections', '-ffreestanding'];
  return { program: path, args, env };
}

/** For an ATmega2560, of 8 bits, whose int has 16 and whose double has 32. */
function avrCompiler(): CrossCompiler {
  const { path, env } = program('avr-gcc');
  return { program: path, args: ['-mmcu=atmega2560', '-Os'], env };
}

export function crossCompilers(): CrossCompiler[] {
  return [armCompiler(), avrCompiler()];
}
