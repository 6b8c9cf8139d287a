/** `maxRestarts` → `ERP_MAX_RESTARTS` */
export const variableName = (key: string) => `ERP_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
/** `maxRestarts` → `--max-restarts` */
export const flagName = (key: string) => `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
