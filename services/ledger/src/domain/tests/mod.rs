//! The rules, tried: `books` (a ledger in memory, as the database would keep it), `model` (random histories against an
//! oracle), `recipes` (what people build of transfers), `answers` (each refusal), `rest` (payments, reversals, replay).

mod answers;
mod books;
mod model;
mod recipes;
mod rest;
