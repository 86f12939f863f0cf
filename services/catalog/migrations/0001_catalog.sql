-- One row a project, written by whoever changes the tree of categories or puts a product into it: of two at once
-- the second loses the race and runs again, so no product stands on shelves of a tree that is gone.
create table turns (
  project_id text primary key,
  turns bigint not null
);

create table categories (
  project_id text not null,
  id text not null,
  slug text not null,
  title text not null,
  parent_id text,
  position bigint not null,
  primary key (project_id, id),
  foreign key (project_id, parent_id) references categories (project_id, id)
);
create unique index categories_slug_key on categories (project_id, slug);
create index categories_parent on categories (project_id, parent_id);

-- How many products on sale a category and all below it have. Kept apart, so that counting touches no category.
create table category_counts (
  project_id text not null,
  category_id text not null,
  products bigint not null,
  primary key (project_id, category_id)
);

-- What a list shows stands in front and is kept by the commands. What is long stands last, so that a list never
-- reads it.
create table products (
  project_id text not null,
  id text not null,
  slug text not null,
  title text not null,
  category_id text,
  status text not null,
  face_url text,
  face_alt text,
  from_prices text not null, -- JSON: the lowest price in each currency, the product's first currency first
  availability text not null,
  variant_count bigint not null,
  version bigint not null,
  turns bigint not null, -- written with each change, stock included: of two at once the second runs again
  created_at bigint not null,
  updated_at bigint not null,
  images text not null, -- JSON
  description text not null,
  primary key (project_id, id),
  foreign key (project_id, category_id) references categories (project_id, id)
);
create unique index products_slug_key on products (project_id, slug);
create index products_category on products (project_id, category_id);

create table variants (
  project_id text not null,
  id text not null,
  product_id text not null,
  position bigint not null,
  sku text not null,
  title text not null,
  prices text not null, -- JSON
  image_url text,
  on_hand bigint not null,
  committed bigint not null, -- promised to orders and not sent yet
  primary key (project_id, id),
  foreign key (project_id, product_id) references products (project_id, id)
);
create unique index variants_sku_key on variants (project_id, sku);
create index variants_product on variants (project_id, product_id, position);

-- Where a product stands in lists: on the shelf of everything (place ''), of its category and of each category
-- above, and there once for each currency it has a price in and once for what it shows when none is asked for
-- (currency ''). So a list is one walk along one index, whatever the category, the currency and the order.
create table shelves (
  project_id text not null,
  place text not null,
  currency text not null,
  product_id text not null,
  status text not null,
  title_key text not null,
  amount bigint not null,
  in_stock boolean not null,
  primary key (project_id, place, currency, product_id)
);
-- Each holds all that a list asks of a shelf.
create index shelves_newest on shelves (project_id, place, currency, status, product_id, amount, in_stock);
create index shelves_title on shelves (project_id, place, currency, status, title_key, product_id, amount, in_stock);
create index shelves_price on shelves (project_id, place, currency, status, amount, product_id, in_stock);
create index shelves_product on shelves (project_id, product_id);

-- The words of products, as bytes: their order is the same on both engines and in every language, so that a
-- beginning of a word is a range.
create table product_search (
  project_id text not null,
  token bytea not null,
  product_id text not null,
  primary key (project_id, token, product_id)
);
create index product_search_product on product_search (project_id, product_id, token);

-- Each change of stock. The sums of a variant's movements are its stock.
-- append only
create table movements (
  project_id text not null,
  id text not null,
  variant_id text not null,
  kind text not null,
  on_hand_by bigint not null,
  committed_by bigint not null,
  reason text,
  order_id text,
  at bigint not null,
  primary key (project_id, id)
);
create index movements_variant on movements (project_id, variant_id, id);

create table imports (
  project_id text not null,
  id text not null,
  state text not null,
  columns text not null, -- JSON
  rows_total bigint not null,
  rows_done bigint not null,
  rows_failed bigint not null,
  created_at bigint not null,
  finished_at bigint,
  primary key (project_id, id)
);

-- What of a file is still to be worked off. A piece goes when it is done.
create table import_pieces (
  project_id text not null,
  import_id text not null,
  number bigint not null,
  first_row bigint not null,
  text text not null,
  primary key (project_id, import_id, number)
);

create table import_errors (
  project_id text not null,
  import_id text not null,
  row_number bigint not null,
  column_name text not null, -- empty where it is the whole row
  message text not null,
  primary key (project_id, import_id, row_number, column_name)
);
