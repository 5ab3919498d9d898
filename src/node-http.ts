/**
 * Node's `http`, as far as its values are needed.
 *
 * Not by an ES import: that asks for all that the module has, and one of its names loads the undici
 * that Node has of its own, which costs more than a tenth of the time to load this whole package.
 */

export const http = process.getBuiltinModule('node:http');
