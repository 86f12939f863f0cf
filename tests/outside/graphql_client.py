"""The graphql-core library: graphql_client.py STOA_URL TOKEN

It builds its own schema of what our endpoint says of itself, and finds that schema good. Each query that it takes we
take, each that it refuses we refuse, with a place; and what is answered is what its own executor makes of the same
data."""

import json
import sys
import urllib.error
import urllib.request

from graphql import (assert_valid_schema, build_client_schema, execute, get_introspection_query, is_enum_type, is_scalar_type,
                     parse, validate)
from graphql.error import GraphQLError

stoa, token = sys.argv[1:3]
OWN = "application/graphql-response+json"


def ask(query, variables=None, name=None, accept=OWN):
    body = {"query": query, "variables": variables, "operationName": name}
    headers = {"content-type": "application/json", "accept": accept, "authorization": f"Bearer {token}"}
    request = urllib.request.Request(stoa + "/graphql", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


# Its introspection as it is sent by default, and with everything that it knows to ask for.
for more in ({}, dict(specified_by_url=True, schema_description=True, directive_is_repeatable=True, input_value_deprecation=True)):
    status, told = ask(get_introspection_query(**more))
    assert status == 200 and "errors" not in told, told.get("errors")
    schema = build_client_schema(told["data"])
    assert_valid_schema(schema)
fields = schema.query_type.fields
assert len(fields) >= 90, len(fields)

GOOD = [
    "{ getStatus { status } }",
    "query A { getStatus { status services { service } } }",
    "{ a: getStatus { status } b: getStatus { s: status __typename } __typename }",
    "query($n: Int) { listProducts(limit: $n) { data { id title } next_cursor } }",
    "query($n: Int = 3, $in: Boolean) { listProducts(limit: $n, in_stock: $in) { data { ...P } } } fragment P on CatalogItem { id slug }",
    "{ listProducts(status: on_sale, min_price: 4000000000) { data { id } } }",
    "query($s: CatalogStatus!) { listProducts(status: $s) { data { status } } }",
    "query($yes: Boolean!) { getMe { id @include(if: $yes) email @skip(if: true) } }",
    "{ getMe { ... { id } ... on IdentityMeView { name } ... @include(if: false) { email } } }",
    "{ getPayment(id: \"pay_1\") { __typename ... on PaymentsPaymentView { id amount } ... on WalletPaymentView { id amount } } }",
    "{ __schema { types { name fields(includeDeprecated: true) { name args { name } } } } }",
    "{ __type(name: \"Query\") { name kind fields { name } } }",
    "query($id: String = \"x\") { getProduct(id: $id) { id } }",
    "{ listProducts(q: \"\"\"\n  hose\n  \"\"\", limit: null) { data { id } } }",
    "{ getMe { id } getMe { name } ...F } fragment F on Query { getMe { email } }",
    "query A { getMe { id } } query B { getStatus { status } }",
]
BAD = [
    "{ getStatus }",
    "{ getStatus { nothing } }",
    "{ getStatus { status { x } } }",
    "{ getProduct { id } }",
    "{ getProduct(id: 1) { id } }",
    "{ getProduct(id: \"a\", id: \"b\") { id } }",
    "{ getProduct(id: \"a\", what: 1) { id } }",
    "{ listProducts(limit: \"3\") { data { id } } }",
    "{ listProducts(limit: 3000000000) { data { id } } }",
    "{ listProducts(status: \"on_sale\") { data { id } } }",
    "{ listProducts(status: gone) { data { id } } }",
    "query($n: Long) { listProducts(limit: $n) { data { id } } }",
    "query($n: Int) { getStatus { status } }",
    "query { listProducts(limit: $n) { data { id } } }",
    "query($n: Int, $n: Int) { listProducts(limit: $n) { data { id } } }",
    "query($n: CatalogItem) { listProducts(limit: $n) { data { id } } }",
    "query($id: String) { getProduct(id: $id) { id } }",
    "query($n: Int = true) { listProducts(limit: $n) { data { id } } }",
    "{ getMe { ...F } }",
    "{ getMe { ...F } } fragment F on CatalogItem { id }",
    "{ getMe { id } } fragment F on CatalogItem { id }",
    "{ getMe { ...F } } fragment F on IdentityMeView { ...G } fragment G on IdentityMeView { ...F }",
    "{ getMe { ... on String { id } } }",
    "{ getMe { ... on Nothing { id } } }",
    "{ getPayment(id: \"p\") { id } }",
    "{ getMe { a: id a: name } }",
    "{ a: getProduct(id: \"1\") { id } a: getProduct(id: \"2\") { id } }",
    "{ getMe { id @loud } }",
    "{ getMe { id @skip } }",
    "{ getMe { id @skip(if: true) @skip(if: true) } }",
    "query @include(if: true) { getMe { id } }",
    "{ getMe { id } } { getMe { name } }",
    "query A { getMe { id } } query A { getMe { name } }",
    "mutation { getMe { id } }",
    "subscription { getMe { id } }",
    "fragment F on IdentityMeView { id }",
    "{ getMe { id }",
    "{ getMe { id(x: 01) } }",
    "{ listProducts(q: \"x\n\") { data { id } } }",
    "type Query { a: Int }",
    "",
]


def theirs(query):
    """What graphql-core finds wrong."""
    try:
        return validate(schema, parse(query))
    except GraphQLError as error:
        return [error]


for query in GOOD:
    name = "A" if "query B" in query else None
    assert theirs(query) == [], query
    status, answer = ask(query, {"n": 2, "yes": True, "s": "on_sale"}, name)
    assert status == 200 and answer.get("data") is not None, (query, answer)
for query in BAD:
    found = theirs(query)
    assert found, query
    status, answer = ask(query)
    assert status == 400 and "data" not in answer and answer["errors"], (query, status, answer)
    assert ask(query, accept="application/json")[0] == 200, query
    assert all(error["locations"] for error in answer["errors"]), answer

# Its executor, given the whole objects that the routes answer, makes of each query what we make.
EXECUTED = [
    "{ listProducts(limit: 3) { next_cursor data { t: title ...P } } } fragment P on CatalogItem { id from_price { amount currency } __typename }",
    "{ getMe { projects id __typename @skip(if: true) n: name } getStatus { services { instances service } status } }",
]
routes = {"listProducts": "/api/v1/products?limit=3", "getMe": "/api/v1/users/me", "getStatus": "/api/v1/status"}


def route(path):
    request = urllib.request.Request(stoa + path, headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


# A schema that a client builds takes any value of the scalars that it does not know; enums stand for their words.
for of in schema.type_map.values():
    if is_enum_type(of) and not of.name.startswith("__"):
        for word, value in of.values.items():
            value.value = word
for query in EXECUTED:
    mine = ask(query)[1]
    made = execute(schema, parse(query), {name: route(path) for name, path in routes.items() if name in query})
    assert made.errors is None and "errors" not in mine, (mine, made.errors)
    assert json.dumps(mine["data"]) == json.dumps(made.data), (mine, made.data)

longs = [name for name, of in schema.type_map.items() if is_scalar_type(of)]
print(f"graphql-core: {len(fields)} fields, {len(schema.type_map)} types, scalars {', '.join(sorted(longs))}; "
      f"{len(GOOD)} queries taken and {len(BAD)} refused by both, {len(EXECUTED)} answered alike")
