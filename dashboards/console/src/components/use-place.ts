import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { keepPlace, placeOf, visit } from '../router.ts';

/** A list that is dragged comes to its end many times a second, and each note of its place costs a millisecond, ms. */
const settleMs = 200;
/** What a person does to scroll: from then on the old place is not wanted any more. */
const ownMoves = ['wheel', 'pointerdown', 'keydown'] as const;

/**
 * A list that scrolls is where it was when its page was left: after the browser's back and forward, a reload and a link
 * back. @param size of the list; it may come in parts, and the place can be reached only when there is enough of it
 */
export function usePlace(name: string, scroller: RefObject<HTMLElement | null>, size: number): void {
  const wanted = useRef(0);
  const { value: visited } = visit;

  useLayoutEffect(() => {
    wanted.current = placeOf(name);
    if (wanted.current === 0) scroller.current?.scrollTo(0, 0);
  }, [visited, name]);

  useLayoutEffect(() => {
    const { current } = scroller;
    if (current === null || wanted.current === 0) return;
    current.scrollTop = wanted.current;
    // Browsers round it to whole device pixels.
    if (Math.abs(current.scrollTop - wanted.current) <= 1) wanted.current = 0;
  }, [visited, size]);

  useEffect(() => {
    const { current } = scroller;
    if (current === null) return undefined;
    const keep = (): void => {
      if (wanted.current === 0 && placeOf(name) !== current.scrollTop) keepPlace(name, current.scrollTop);
    };
    let settling: ReturnType<typeof setTimeout> | undefined;
    const settle = (): void => {
      clearTimeout(settling);
      settling = setTimeout(keep, settleMs);
    };
    const moved = (): void => {
      wanted.current = 0;
    };
    current.addEventListener('scrollend', settle);
    // Before the click leads to another page, even while the list is still moving.
    current.addEventListener('click', keep, { capture: true });
    for (const move of ownMoves) current.addEventListener(move, moved, { passive: true });
    return () => {
      clearTimeout(settling);
      current.removeEventListener('scrollend', settle);
      current.removeEventListener('click', keep, { capture: true });
      for (const move of ownMoves) current.removeEventListener(move, moved);
    };
  }, [name]);
}
