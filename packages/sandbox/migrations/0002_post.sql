-- Mail and short messages that were sent to the sandbox. It has no tenants: a developer reads them all.
create table messages (
  id text not null,
  at bigint not null,
  channel text not null,
  sender text not null,
  -- A JSON list, as the sender wrote them.
  recipients text not null,
  -- Sender, recipients and subject in lower case, for the search box.
  searched text not null,
  subject text not null,
  preview text not null,
  text text not null,
  html text not null,
  -- A JSON list of pairs.
  headers text not null,
  -- A JSON list: name, type and size of each.
  attachments text not null,
  -- The beginning of the message as it came.
  raw bytea not null,
  size_bytes bigint not null,
  primary key (id)
);

-- Who a message was for, in lower case.
create table message_recipients (
  recipient text not null,
  message_id text not null references messages (id) on delete cascade,
  primary key (recipient, message_id)
);
-- A message that goes takes its recipients along.
create index message_recipients_message on message_recipients (message_id);

-- Short messages as Twilio's API shows them.
create table text_messages (
  sid text not null,
  account text not null,
  at bigint not null,
  changed_at bigint not null,
  sent_at bigint,
  recipient text not null,
  sender text,
  messaging_service text,
  body text not null,
  segments bigint not null,
  status text not null,
  error_code bigint,
  callback text,
  -- What callbacks are signed with; sealed.
  token text not null,
  primary key (sid)
);
create index text_messages_account on text_messages (account, sid);

-- Who was told to come back, and will be let in then.
create table greylisted (
  sender text not null,
  recipient text not null,
  at bigint not null,
  primary key (sender, recipient)
);
create index greylisted_at on greylisted (at);
