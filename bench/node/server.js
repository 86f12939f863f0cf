// A shop of Vendure as its guide sets it up, on an empty database: 1,000 goods, one shipping method, dummy payments.
// Its job queue runs in the same process; it says "ready" when all of it is there and its search has been indexed.
"use strict";

const {
    bootstrap, DefaultLogger, DefaultSearchPlugin, dummyPaymentHandler, JobQueueService, LanguageCode, LogLevel,
    RequestContextService, SearchService,
} = require("@vendure/core");
const { populate } = require("@vendure/core/cli");
const { writeFileSync } = require("node:fs");
const { join } = require("node:path");

const GOODS = 1000;
const STOCK = 1000000000;
const [directory, port, databaseUrl] = process.argv.slice(2);

const config = {
    apiOptions: { port: Number(port), hostname: "127.0.0.1" },
    authOptions: { tokenMethod: "cookie", cookieOptions: { secret: "bench" } },
    dbConnectionOptions: { type: "postgres", url: databaseUrl, synchronize: true, logging: false },
    importExportOptions: { importAssetsDir: directory },
    logger: new DefaultLogger({ level: LogLevel.Error }),
    paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
    plugins: [DefaultSearchPlugin.init({ bufferUpdates: false })],
};

const initial = {
    defaultLanguage: LanguageCode.en,
    defaultZone: "Europe",
    countries: [{ code: "IE", name: "Ireland", zone: "Europe" }],
    taxRates: [{ name: "Standard", percentage: 20 }],
    shippingMethods: [{ name: "Parcel", price: 0 }],
    paymentMethods: [
        { name: "Dummy", handler: { code: "dummy-payment-handler", arguments: [{ name: "automaticSettle", value: "true" }] } },
    ],
    collections: [],
};

function goods() {
    const head = "name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand,trackInventory,variantAssets,variantFacets";
    const one = (_, n) => `Thing ${n},thing-${n},A thing.,,,,,sku-${n},5.00,standard,${STOCK},true,,`;
    const file = join(directory, "goods.csv");
    writeFileSync(file, [head, ...Array.from({ length: GOODS }, one)].join("\n") + "\n");
    return file;
}

// How many goods a customer finds by now.
async function found() {
    const query = "{ search(input: { groupByProduct: true }) { totalItems } }";
    const asked = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query }) };
    const answer = await fetch(`http://127.0.0.1:${port}/shop-api`, asked);
    return (await answer.json()).data.search.totalItems;
}

async function start() {
    const open = () => bootstrap(config);
    const app = await populate(open, initial, goods());
    await app.get(JobQueueService).start();
    const ctx = await app.get(RequestContextService).create({ apiType: "admin" });
    await app.get(SearchService).reindex(ctx);
    while ((await found()) < GOODS) {
        await new Promise((resolve) => setTimeout(resolve, 500));
    }
    console.log("ready");
}

start().catch((error) => {
    console.error(error);
    process.exit(1);
});
