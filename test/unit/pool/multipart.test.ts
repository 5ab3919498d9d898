/** Forms as multipart/form-data: read back by the platform, and counted. */

import { expect, test } from 'vitest';
import { encodeForm } from '../../../src/pool/multipart.ts';

type Entry = readonly [name: string, value: string | File];

const FILE = new File([Uint8Array.of(0, 13, 10, 45, 45, 255)], 'raw.bin');
const NAMED = new File(['inside'], 'a "quoted"\r\nname.txt', { type: 'text/plain' });

async function readBack(entries: readonly Entry[]): Promise<readonly Entry[]> {
  const form = new FormData();
  for (const [name, value] of entries) form.append(name, value);
  const encoded = encodeForm(form);
  if (encoded === undefined) throw new Error('not encoded');
  const { content, contentType } = encoded;
  expect(content.size).toBe((await content.arrayBuffer()).byteLength);
  const read = await new Response(content, { headers: { 'content-type': contentType } }).formData();
  return [...read];
}

test.each<readonly [string, readonly Entry[]]>([
  ['one field', [['field', 'value']]],
  [
    'a name that is there twice',
    [
      ['a', '1'],
      ['b', ''],
      ['a', '2'],
    ],
  ],
  ['text beyond ASCII', [['größe', '👍 ü']]],
  ['a name with quotes and line ends', [['a "b"\r\nc: d', 'x']]],
  ['what looks like a boundary', [['a', '--x\r\n--x--\r\n']]],
])('a form with %s is read back as it was', async (_what, entries) => {
  expect(await readBack(entries)).toEqual(entries);
});

test('the ends of lines are those of a form', async () => {
  expect(await readBack([['a', 'x\ny\rz\r\n']])).toEqual([['a', 'x\r\ny\r\nz\r\n']]);
});

test('files are read back with name, type and every byte', async () => {
  const read = await readBack([
    ['raw', FILE],
    ['named', NAMED],
  ]);
  const files = read.map(([, value]) => value).filter((value) => typeof value !== 'string');
  expect(files.map(({ name, type }) => [name, type])).toEqual([
    ['raw.bin', 'application/octet-stream'],
    ['a "quoted"\r\nname.txt', 'text/plain'],
  ]);
  expect(await files[0]?.bytes()).toEqual(await FILE.bytes());
  expect(await files[1]?.text()).toBe('inside');
});

test('each form has a boundary of its own, and an empty one is only its end', async () => {
  const encoded = [new FormData(), new FormData()].map(encodeForm);
  const types = encoded.map((one) => one?.contentType ?? '');
  expect(types[0]).not.toBe(types[1]);
  const boundary = types[0]?.replace('multipart/form-data; boundary=', '');
  expect(await encoded[0]?.content.text()).toBe(`--${boundary}--\r\n`);
});

test('an entry that is neither text nor a Blob is not guessed at', () => {
  const form = [['a', { name: 'file of another library' }]] as unknown as FormData;
  expect(encodeForm(form)).toBeUndefined();
});

test('a Blob that a form of another library holds without a name is called blob', async () => {
  const form = [['a', new Blob(['inside'])]] as unknown as FormData;
  expect(await encodeForm(form)?.content.text()).toContain('name="a"; filename="blob"\r\n');
});
