const names = new Set(
  `_ OLDPWD PWD SHLVL TERM COLORTERM COLUMNS LINES WINDOWID DISPLAY WAYLAND_DISPLAY STY SUDO_COMMAND VTE_VERSION
  NO_COLOR FORCE_COLOR CLICOLOR XAUTHORITY DBUS_SESSION_BUS_ADDRESS INVOCATION_ID JOURNAL_STREAM MAIL LS_COLORS`.split(
    /\s+/,
  ),
);
const families =
  /^(?:SSH|TERM|TMUX|XDG_SESSION|XDG_VTNR|XDG_SEAT|KITTY|ITERM|WEZTERM|ALACRITTY|KONSOLE|VSCODE|WT|LC_TERMINAL)(?:_|$)/;

/** Differs from one terminal, shell or login to the next and says nothing about what a service does. */
export const isTerminalVariable = (name: string): boolean => names.has(name) || families.test(name);
