//! The files that pages load, each under a name that changes with its bytes, so that a browser may keep it for ever.
//!
//! Faces serve them where they like: this is only what they are.

/// A file for browsers.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    mark: u64,
}

/// What all faces look like.
pub const STYLE: Asset = Asset::new("ui.css", "text/css; charset=utf-8", include_bytes!("../css/ui.css"));
/// What all faces do in the browser.
pub const SCRIPT: Asset =
    Asset::new("ui.js", "text/javascript; charset=utf-8", include_bytes!("../js/ui.js"));

/// Follows what a page shows.
pub const LIVE: Asset =
    Asset::new("live.js", "text/javascript; charset=utf-8", include_bytes!("../js/live.js"));
/// The card form of the sandbox.
pub const CARD: Asset =
    Asset::new("card.js", "text/javascript; charset=utf-8", include_bytes!("../js/card.js"));
/// The card form of Stripe.
pub const ELEMENT: Asset =
    Asset::new("element.js", "text/javascript; charset=utf-8", include_bytes!("../js/element.js"));
/// All of them.
pub const ALL: [Asset; 5] = [STYLE, SCRIPT, LIVE, CARD, ELEMENT];

impl Asset {
    /// A file of this name, such as `shop.css`.
    pub const fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self { name, content_type, bytes, mark: mark(bytes) }
    }

    /// The name without its mark.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The last part of its URL, such as `0f3a9c5d2b7e4a61-shop.css`.
    pub fn file(&self) -> String {
        format!("{:016x}-{}", self.mark, self.name)
    }

    /// Where a face with this root serves it.
    pub fn below(&self, root: &str) -> String {
        format!("{root}/assets/{}", self.file())
    }

    /// What it is.
    pub const fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// What it holds.
    pub const fn bytes(&self) -> &'static [u8] {
        self.bytes
    }

    /// Its entity tag, with quotes.
    pub fn etag(&self) -> String {
        format!("\"{:016x}\"", self.mark)
    }
}

/// FNV-1a: it tells versions of a file apart and need not withstand anybody.
const fn mark(bytes: &[u8]) -> u64 {
    let (mut mark, mut at) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while at < bytes.len() {
        mark = (mark ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_have_another_url() {
        let (one, other) = (Asset::new("a.css", "text/css", b"a"), Asset::new("a.css", "text/css", b"b"));
        assert_eq!(one.file(), "af63dc4c8601ec8c-a.css", "FNV-1a of `a` is known");
        assert_ne!(one.file(), other.file());
        assert_eq!(one.etag(), "\"af63dc4c8601ec8c\"");
    }
}
