/** Whoever detaches means it to stay, and a reboot is what it does not survive by itself. */
export const notAfterReboot =
  'Not started again after a reboot: erp autostart prints the line for cron, systemd or what this machine has.';
