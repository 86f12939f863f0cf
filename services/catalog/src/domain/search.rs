//! The words that a product is found by, and those that somebody looks for.

use std::collections::BTreeSet;

use super::product::Product;
use super::text::Wanted;

/// The most words of one search.
pub const WORDS_MAX: usize = 8;
/// A longer word is found by its beginning.
const WORD_BYTES_MAX: usize = 60;
/// The most words of one product.
const TOKENS_MAX: usize = 400;
/// No text of UTF-8 has this byte, so it ends every range of words with one beginning.
const PAST_ALL: u8 = 0xff;

/// The words that a product is found by: those of its title, of its variants and of their SKUs.
pub fn tokens(product: &Product) -> BTreeSet<String> {
    let mut tokens: BTreeSet<String> = words(product.title.as_str()).collect();
    for variant in &product.variants {
        tokens.extend(words(variant.title.as_str()));
        tokens.extend(words(variant.sku.as_str()));
        tokens.insert(short(&variant.sku.as_str().to_lowercase()).to_owned());
    }
    tokens.into_iter().take(TOKENS_MAX).collect()
}

/// The words of a search, each once, the longest first: it is in the fewest products.
pub fn wanted(text: &Wanted) -> Result<Vec<String>, TooManyWords> {
    let mut found: Vec<String> = words(text.as_str()).collect();
    found.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    found.dedup();
    if found.len() > WORDS_MAX { Err(TooManyWords) } else { Ok(found) }
}

/// Too much is looked for at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("has at most {WORDS_MAX} words")]
pub struct TooManyWords;

/// From where to where the words stand that begin with `word`; the end is left out.
pub fn range(word: &str) -> (Vec<u8>, Vec<u8>) {
    let begin = word.as_bytes().to_vec();
    let mut end = begin.clone();
    end.push(PAST_ALL);
    (begin, end)
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let apart = |letter: char| !letter.is_alphanumeric();
    text.split(apart).filter(|word| !word.is_empty()).map(|word| short(&word.to_lowercase()).to_owned())
}

fn short(word: &str) -> &str {
    let end = (0..=WORD_BYTES_MAX.min(word.len())).rev().find(|at| word.is_char_boundary(*at));
    &word[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn looked_for(text: &str) -> Vec<String> {
        wanted(&Wanted::try_from(text.to_owned()).unwrap()).unwrap()
    }

    #[test]
    fn a_search_is_its_words_the_longest_first() {
        assert_eq!(looked_for("  Garden, HOSE garden!"), ["garden", "hose"]);
        assert_eq!(looked_for("Größe"), ["größe"]);
        assert!(looked_for("!?").is_empty());
        let many = Wanted::try_from("a b c d e f g h i".to_owned()).unwrap();
        assert_eq!(wanted(&many), Err(TooManyWords));
    }

    proptest! {
        #[test]
        fn a_word_is_in_the_range_of_each_of_its_beginnings(word in "\\w{1,40}", other in "\\w{1,40}", at in 0_usize..40) {
            let word = word.to_lowercase();
            let at = (0..=at.min(word.len())).rev().find(|at| word.is_char_boundary(*at)).unwrap();
            let (begin, end) = range(&word[..at]);
            prop_assert!(begin.as_slice() <= word.as_bytes() && word.as_bytes() < end.as_slice());
            let inside = begin.as_slice() <= other.as_bytes() && other.as_bytes() < end.as_slice();
            prop_assert_eq!(inside, other.starts_with(&word[..at]));
        }

        #[test]
        fn whatever_is_looked_for_by_a_title_is_a_word_of_it(title in "\\PC{1,100}") {
            let Ok(text) = Wanted::try_from(title.clone()) else { return Ok(()) };
            let tokens: BTreeSet<String> = words(&title).collect();
            for word in wanted(&text).unwrap_or_default() {
                prop_assert!(tokens.contains(&word));
            }
        }
    }
}
