//! What things are called, parsed at the door: services, environments, instances, and where those answer.

use std::net::Ipv6Addr;

contracts::texts! {
    /// A service.
    ServiceName: is_service, "^[a-z][a-z0-9_-]{0,39}$", "audit",
        "1 to 40 of a-z, 0-9, `_` and `-`, beginning with a letter";
    /// One installation of the platform, as its `environment` setting calls it.
    Environment: is_name, "^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$", "default",
        "1 to 60 of letters, digits, `.`, `_` and `-`, beginning with a letter or digit";
    /// One of the instances of a service.
    InstanceName: is_name, "^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$", "audit-1",
        "1 to 60 of letters, digits, `.`, `_` and `-`, beginning with a letter or digit";
    /// Which version of the program an instance runs.
    Version: is_version, "^[!-~]{1,60}$", "0.1.0", "1 to 60 visible ASCII characters";
    /// Why somebody changed something.
    Remark: is_remark, r"^[^\x00-\x1f\x7f-\x9f]{1,500}$", "The disk is small", "1 to 500 printable characters";
    /// Where an instance answers.
    Address: is_origin, r"^https?://(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9][A-Za-z0-9._-]{0,252})(:[0-9]{1,5})?$",
        "http://10.0.0.7:8091", "an address like http://10.0.0.7:8091, without a path";
}

fn is_service(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

fn is_name(text: &str) -> bool {
    text.len() <= 60 && is_host(text)
}

fn is_version(text: &str) -> bool {
    (1..=60).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

fn is_remark(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 500 && !text.chars().any(char::is_control)
}

fn is_host(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn is_origin(text: &str) -> bool {
    let Some(place) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else {
        return false;
    };
    let (is_sound_host, port) = match place.strip_prefix('[') {
        Some(place) => {
            let Some((host, port)) = place.split_once(']') else { return false };
            (host.parse::<Ipv6Addr>().is_ok(), port)
        }
        None => {
            let (host, port) = place.split_at(place.find(':').unwrap_or(place.len()));
            (is_host(host), port)
        }
    };
    is_sound_host && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_answers_at_a_host_and_a_port() {
        for sound in
            ["http://10.0.0.7:8091", "https://orders", "http://[::1]:80", "https://a_b.internal:65535"]
        {
            assert!(Address::try_from(sound.to_owned()).is_ok(), "{sound}");
        }
        for bad in [
            "",
            "10.0.0.7:8091",
            "ftp://a",
            "http://",
            "http://:80",
            "http://a:0",
            "http://a:65536",
            "http://a:+80",
            "http://a:",
            "http://a/path",
            "http://a?b",
            "http://user@a",
            "http://[::1",
            "http://[a]",
            "http://[::1]80",
            "http://a b",
            "http://a\u{0}",
            "http://-a",
            "HTTP://a",
        ] {
            assert!(Address::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_names_things_is_short_and_plain() {
        assert!(ServiceName::try_from("field-work_2".to_owned()).is_ok());
        for bad in ["", "9a", "A", "a.b", "a\u{0}", &"a".repeat(41)] {
            assert!(ServiceName::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        for bad in ["", "-a", "a/b", "a\n", &"a".repeat(61)] {
            assert!(Environment::try_from(bad.to_owned()).is_err(), "{bad}");
            assert!(InstanceName::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        assert!(
            Version::try_from("1.0.0+a1b2".to_owned()).is_ok()
                && Version::try_from("1 0".to_owned()).is_err()
        );
        assert!(Remark::try_from("é".repeat(500)).is_ok() && Remark::try_from("a\nb".to_owned()).is_err());
    }
}
