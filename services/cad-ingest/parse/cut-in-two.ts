import { SUFFIXES } from './address/words.ts';
import { isStrongNatureWord, natureScore } from './values/nature-words.ts';

/**
 * Some relays put the first 30 to 60 characters of a page into the subject and the rest into the
 * body, wherever that cuts a word. This is the page in one piece, where subject and body may be the
 * halves of one.
 */
export function joinHalves(subject: string, body: string): string | undefined {
  const front = subject.trimStart();
  const back = body.trimStart();
  if (!isFront(front) || !isBack(front, back)) return undefined;
  const parted = front !== subject.trim() || back !== body || isWordEnd(front, back);
  return `${front.trimEnd()}${parted ? ' ' : ''}${back}`;
}

const FRONT_CHARS_MIN = 30;
const FRONT_CHARS_MAX = 80;
/** A house number and a part of its street at the end: the page goes on in the body. */
const OPEN_STREET = /[,;-] ?\d{1,5} [A-Z][A-Za-z' ]{0,30}$/;
const SHORT_CHARS_MIN = 16;
/** A relay's own address in front of the page; the page itself may then begin with less. */
const SENDER = /^[\w.+-]{1,40}@[\w.-]{3,60}:\s?/;

/** A heading is a call type, the words of a system, or ends in a mark; half a page is none. */
function isFront(front: string): boolean {
  if (front.length > FRONT_CHARS_MAX || /[.!?:)\]]\s*$/.test(front)) return false;
  if (SENDER.test(front)) return true;
  if (front.length >= SHORT_CHARS_MIN && OPEN_STREET.test(front)) return true;
  return front.length >= FRONT_CHARS_MIN && /\d/.test(front) && natureScore(front) < 0.5;
}

/** The body goes on where the subject ends; it neither says it again nor begins with a label. */
function isBack(front: string, back: string): boolean {
  if (back === '' || back.startsWith(front.trim().slice(0, 20))) return false;
  return !/^[A-Z][A-Za-z /#]{1,24}[:=]\s/.test(back.slice(0, 40));
}

/** Whether the cut fell between two words. */
function isWordEnd(front: string, back: string): boolean {
  const last = /\S+$/.exec(front.trimEnd())?.[0] ?? '';
  const first = /^[A-Za-z]+|^\S/.exec(back)?.[0] ?? '';
  if (/^\d{1,2}:\d{2}:\d{2}$/.test(last) && !/^\d/.test(first)) return true;
  return isStrongNatureWord(first) || (first.length > 1 && SUFFIXES.has(first.toUpperCase()));
}
