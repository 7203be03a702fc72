/** The page with every error code, made from the list of codes. */

import {
  errorCodes,
  exitCodeOf,
  isRetryableReason,
  refusalReasons,
  statusOfReason,
  type ErrorCode,
  type RefusalReason,
} from '../error-codes.ts';

const intro = `# Error codes

Made from \`schemas/api/error-codes.ts\` by \`npm run docs:errors\`: change the list, not this page.

The API answers a refusal with \`{"error": {"code", "message", "details"}}\`. The message says what is wrong in this
case and how to put it right. \`details.errors\` names the fields at fault, where there are any: the JSON pointer, the
rule, what the rule expects and what came. The command line prints the same message.

_Retry_ says whether the same request may succeed later without a change.
`;

/** The page as Markdown. */
export function errorPage(): string {
  const codes = Object.entries(errorCodes) as [ErrorCode, (typeof errorCodes)[ErrorCode]][];
  const reasons = Object.entries(refusalReasons) as [RefusalReason, { meaning: string }][];
  const answered = codes.filter(([, { status }]) => status !== undefined);
  const others = codes.filter(([, { status }]) => status === undefined);
  return [
    intro,
    '## What the API answers\n',
    table(
      ['Code', 'HTTP status', 'Meaning', 'Retry'],
      answered.map(([code, { status, meaning, retryable }]) => [
        `\`${code}\``,
        String(status),
        meaning,
        yesNo(retryable),
      ]),
    ),
    '## Why a command is refused\n',
    '`details.reason` of `command-refused`, over every interface.\n',
    table(
      ['Reason', 'HTTP status', 'Meaning', 'Retry'],
      reasons.map(([reason, { meaning }]) => [
        `\`${reason}\``,
        String(statusOfReason(reason)),
        meaning,
        yesNo(isRetryableReason(reason)),
      ]),
    ),
    '## What ends the process or stays in its log\n',
    'The API never answers these. The command line exits with the status given here, and with 1 after every code of the API.\n',
    table(
      ['Code', 'Exit status', 'Meaning', 'Retry'],
      others.map(([code, { meaning, retryable }]) => [
        `\`${code}\``,
        String(exitCodeOf(code)),
        meaning,
        yesNo(retryable),
      ]),
    ),
  ].join('\n');
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

/** A table whose columns are as wide as their widest cell, as Prettier writes it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(...[head, ...rows].map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0, fill)).join(' | ')} |\n`;
  const rule = line(
    head.map(() => ''),
    '-',
  );
  return [line(head), rule, ...rows.map((row) => line(row))].join('');
}
