-- Whether its provider may be asked: `unheard` until it is its turn, `awaited` while fraud detection has yet to say a word,
-- `cleared` from then on. Payments of before have not told fraud detection of themselves, and wait for nothing.
alter table payments add column clearance text not null default 'cleared';
