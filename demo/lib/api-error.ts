/** An answer other than 2xx, in the only form the API has: `{error: {code, message, details?}}`. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly details: object | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    extra: {details?: object; headers?: Readonly<Record<string, string>>} = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = extra.details;
    this.headers = extra.headers ?? {};
  }

  toJSON(): object {
    return {
      error: {code: this.code, message: this.message, ...(this.details === undefined ? {} : {details: this.details})},
    };
  }
}
