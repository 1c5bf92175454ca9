/**
 * The forms in which a text could lie in a file: as it is, in hex, and in base64 of either alphabet
 * at each of the three places where it can begin in what was encoded.
 */
export function encodingsOf(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const shifted = [0, 1, 2].flatMap((shift) => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
    // Characters at the edges also hold bits of what stands beside the text.
    const begin = Math.ceil((shift * 8) / 6);
    const end = Math.floor((padded.length * 8) / 6);
    return [padded.toString('base64'), padded.toString('base64url')].map((encoded) =>
      Buffer.from(encoded.slice(begin, end)),
    );
  });
  return [bytes, Buffer.from(bytes.toString('hex')), ...shifted];
}

/** Those of the texts that are found in the bytes in one form or another. */
export function foundIn(bytes: Buffer, texts: readonly string[]): string[] {
  return texts.filter((text) => encodingsOf(text).some((each) => bytes.includes(each)));
}
