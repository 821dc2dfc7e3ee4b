// What everything is called; the same as in `infrastructure`.
export const NAME = "csv-import";
export const SENDER = "welcome@example.com";
