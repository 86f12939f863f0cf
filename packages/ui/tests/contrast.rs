//! The tokens can be read in both schemes: WCAG 2.2 asks for 4.5 to 1 of text and 3 to 1 of what bounds a control.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

const TEXT: f64 = 4.5;
const BOUND: f64 = 3.0;
const LIGHT: usize = 0;
const DARK: usize = 1;

/// The token's colours, light and dark.
fn token(name: &str) -> [[u8; 3]; 2] {
    let css = std::str::from_utf8(ui::assets::STYLE.bytes()).unwrap();
    let mark = format!("--{name}: light-dark(");
    let start = css.find(&mark).unwrap_or_else(|| panic!("{name} is not there")) + mark.len();
    let (light, rest) = css[start..].split_once(", ").unwrap();
    let (dark, _) = rest.split_once(')').unwrap();
    [light, dark].map(|colour| {
        let digits = colour.strip_prefix('#').unwrap();
        [0, 2, 4].map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
    })
}

fn luminance(colour: [u8; 3]) -> f64 {
    let linear = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

#[test]
fn black_on_white_is_21_to_1() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 0.01);
}

#[test]
fn what_is_written_can_be_read_in_both_schemes() {
    let grounds = ["bg", "surface", "sunken"];
    let mut pairs: Vec<(&str, &str, f64)> = Vec::new();
    for ground in grounds {
        for text in ["ink", "muted", "accent", "accent-strong", "bad", "good", "warn", "calm"] {
            pairs.push((text, ground, TEXT));
        }
        pairs.extend([("edge", ground, BOUND), ("focus", ground, BOUND)]);
    }
    for tone in ["good", "warn", "bad", "calm"] {
        let soft: &'static str = match tone {
            "good" => "good-soft",
            "warn" => "warn-soft",
            "bad" => "bad-soft",
            _ => "calm-soft",
        };
        pairs.extend([(tone, soft, TEXT), ("ink", soft, TEXT), ("accent", soft, TEXT)]);
    }
    pairs.extend([
        ("on-accent", "accent", TEXT),
        ("on-accent", "accent-strong", TEXT),
        ("accent-strong", "accent-soft", TEXT),
        ("surface", "bad", TEXT),
    ]);
    let mut faint = Vec::new();
    for (text, ground, least) in pairs {
        for scheme in [LIGHT, DARK] {
            let found = contrast(token(text)[scheme], token(ground)[scheme]);
            if found < least {
                faint.push(format!("{text} on {ground} ({scheme}): {found:.2} < {least}"));
            }
        }
    }
    assert!(faint.is_empty(), "{faint:#?}");
}
