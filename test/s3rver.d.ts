/** What the tests use of it; the package has no types of its own. */
declare module 's3rver' {
  export default class S3rver {
    constructor(options: {
      port: number;
      address: string;
      silent: boolean;
      directory: string;
      configureBuckets: { name: string }[];
    });
    /** Resolves with where it listens. */
    run(): Promise<{ address: string; port: number }>;
    close(): Promise<void>;
  }
}
