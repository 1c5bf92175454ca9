/** Small files of each type that can be attached, and some of types that cannot. */
const PIXEL =
  '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360' +
  '606060000000050001a5f645400000000049454e44ae426082';

export const samples = {
  'image/png': Buffer.from(PIXEL, 'hex'),
  'image/jpeg': Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex'),
  'image/webp': Buffer.from(
    '524946461a000000574542505650384c0d0000002f0000001007100011118888fe0700',
    'hex',
  ),
  'image/tiff': tiffWithDirectoryAt(64),
  'application/pdf': Buffer.from('%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n'),
  'text/plain': Buffer.from('Zeichnung: Hydrant Ecke Mühlgasse 4\r\n\tzweite Zeile\n'),
  'text/csv': Buffer.from('\ufeffunit,enRoute\nE91,04:07\n'),
} as const;

export const html = Buffer.from('<!doctype html><html><script>alert(1)</script></html>');

/** Writers of TIFF like to put the directory behind the picture. */
export function tiffWithDirectoryAt(offset: number): Buffer {
  const bytes = Buffer.alloc(offset + 64);
  bytes.write('II');
  bytes.writeUInt16LE(42, 2);
  bytes.writeUInt32LE(offset, 4);
  bytes.writeUInt16LE(1, offset);
  bytes.writeUInt16LE(256, offset + 2);
  return bytes;
}
