-- What may be bought, as the catalog told it last. A variant that its product no longer has is kept, off sale: carts
-- still name it.
create table variants (
  project_id text not null,
  variant_id text not null,
  product_id text not null,
  sku text not null,
  title text not null,
  variant_title text not null,
  image_url text,
  on_sale boolean not null,
  primary key (project_id, variant_id)
);
create index variants_product on variants (project_id, product_id);

create table prices (
  project_id text not null,
  variant_id text not null,
  currency text not null,
  amount bigint not null,
  primary key (project_id, variant_id, currency),
  constraint prices_amount check (amount >= 0)
);

-- What is there and what of it is promised. People may count less than is promised, and nothing stops them: `short` is
-- by how much, so that `stock_covers` refuses a hold on goods that are not there and lets a count pass.
create table stock (
  project_id text not null,
  variant_id text not null,
  on_hand bigint not null,
  held bigint not null,
  short bigint not null,
  primary key (project_id, variant_id),
  constraint stock_covers check (held <= on_hand + short),
  constraint stock_held check (held >= 0),
  constraint stock_short check (short >= 0)
);

-- Why stock is as it is. An order holds, releases and ships a variant once at most, which the key sees to; the cause of
-- an adjustment is the event that told it.
-- append only
create table movements (
  project_id text not null,
  cause text not null,
  movement text not null,
  variant_id text not null,
  quantity bigint not null,
  moved_at bigint not null,
  primary key (project_id, cause, movement, variant_id)
);

create table carts (
  project_id text not null,
  id text not null,
  currency text not null,
  version bigint not null,
  order_id text,
  used_at bigint not null,
  primary key (project_id, id)
);
-- What nobody has used for long.
create index carts_used on carts (used_at, project_id, id);

create table cart_lines (
  project_id text not null,
  cart_id text not null,
  variant_id text not null,
  quantity bigint not null,
  position bigint not null, -- the cart's version when it came, so that lines stay in their order
  primary key (project_id, cart_id, variant_id),
  constraint cart_lines_quantity check (quantity between 1 and 99)
);

-- The last number that a project gave to an order.
create table order_numbers (
  project_id text primary key,
  last bigint not null
);

create table orders (
  project_id text not null,
  id text not null,
  number bigint not null,
  user_id text not null,
  cart_id text,
  currency text not null,
  amount bigint not null,
  ship_to jsonb not null,
  placed_at bigint not null,
  status text not null,
  payment_status text not null,
  fulfilment_status text not null,
  expires_at bigint, -- while it waits for its money
  attempt_at bigint, -- the last that was heard of an attempt to pay, while none has succeeded
  failure text,
  payment_intent_id text, -- the payment that paid it, with when and how much of it went back
  payment_id text,
  paid_at bigint,
  refunded_amount bigint not null,
  cancel_reason text,
  tracking text,
  version bigint not null,
  primary key (project_id, id),
  constraint orders_amount check (amount > 0),
  constraint orders_refunded check (refunded_amount between 0 and amount)
);
create unique index orders_number on orders (project_id, number);
-- A cart becomes one order.
create unique index orders_cart on orders (project_id, cart_id);
create index orders_user on orders (project_id, user_id, id);
create index orders_status on orders (project_id, status, id);
create index orders_payment on orders (project_id, payment_status, id);
create index orders_fulfilment on orders (project_id, fulfilment_status, id);

-- What was bought, at the prices and under the names of that day.
-- append only
create table order_lines (
  project_id text not null,
  order_id text not null,
  variant_id text not null,
  position bigint not null,
  product_id text not null,
  sku text not null,
  title text not null,
  variant_title text not null,
  image_url text,
  quantity bigint not null,
  unit_amount bigint not null,
  amount bigint not null,
  primary key (project_id, order_id, variant_id)
);

-- What happened to an order, in words.
-- append only
create table happenings (
  project_id text not null,
  order_id text not null,
  id text not null,
  happened_at bigint not null,
  what text not null,
  primary key (project_id, order_id, id)
);

-- Each payment that succeeded for an order, and what was made of it: heard twice is heard once.
-- append only
create table receipts (
  project_id text not null,
  order_id text not null,
  payment_intent_id text not null,
  payment_id text,
  outcome text not null,
  heard_at bigint not null,
  primary key (project_id, order_id, payment_intent_id)
);

-- How much of each payment has gone back; it may be heard before the payment itself.
create table repaid (
  project_id text not null,
  order_id text not null,
  payment_id text not null,
  total bigint not null,
  primary key (project_id, order_id, payment_id)
);

-- Money that was asked back. What did not pay the order (a wrong amount) does not count against it.
create table refunds (
  project_id text not null,
  id text not null,
  order_id text not null,
  amount bigint not null,
  reason text not null,
  state text not null,
  counts boolean not null,
  asked_at bigint not null,
  primary key (project_id, id)
);
create index refunds_order on refunds (project_id, order_id);
