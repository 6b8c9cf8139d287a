import {convertLegacy, isLegacy, type LegacyConversion} from '../../lib/core/config/legacy.js';
import type {PositionLookup} from '../../lib/core/config/problems.js';
import type {ParsedDocument} from './document.js';
import {legacyFacts} from './legacy-facts.js';

export interface LegacyDocument extends ParsedDocument {
  readonly conversion: LegacyConversion;
  readonly projectDir: string;
  /** Files and folders beside the old file that the conversion depends on. */
  readonly looked: readonly string[];
}

/** The old configuration in the present format; places still point into the old file. null: it is not the old one. */
export function asLegacy(document: ParsedDocument, projectDir: string): LegacyDocument | null {
  if (!isLegacy(document.data)) return null;
  const world = legacyFacts(document.data, projectDir);
  const conversion = convertLegacy(document.data, world.facts, document.position);
  const position: PositionLookup = (path, part) => {
    const old = conversion.oldPath(path);
    return old === null ? null : document.position(old, part);
  };
  const {projectDir: folder, looked} = world;
  return {data: conversion.document, problems: conversion.problems, position, conversion, projectDir: folder, looked};
}
