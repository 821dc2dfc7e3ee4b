//! The service on the in-memory engine, called as the gateway calls it, with a clock that stands
//! still until a test moves it. One file for each behaviour; `misuse` is the table of what is refused.

mod bed;

mod standard;
