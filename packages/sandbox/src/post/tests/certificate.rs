//! A certificate of `localhost` for one test, written by hand, so that no key stands in the tree.

use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// How a server shows that it is `localhost`, and how a client believes it.
pub fn localhost() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
    let certificate = CertificateDer::from(self_signed(pkcs8.as_ref()));
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pkcs8.as_ref().to_vec()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

fn self_signed(pkcs8: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &random).unwrap();
    const EC_PUBLIC_KEY: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    const P256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    const ECDSA_SHA256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    const COMMON_NAME: &[u8] = &[0x06, 3, 0x55, 4, 3];
    const ALTERNATIVE_NAME: &[u8] = &[0x06, 3, 0x55, 0x1d, 0x11];
    let algorithm = tlv(0x30, &[ECDSA_SHA256]);
    let name = tlv(0x30, &[&tlv(0x31, &[&tlv(0x30, &[COMMON_NAME, &tlv(0x0c, &[b"localhost"])])])]);
    let validity = tlv(0x30, &[&tlv(0x17, &[b"200101000000Z"]), &tlv(0x18, &[b"21000101000000Z"])]);
    let public = [&[0_u8][..], pair.public_key().as_ref()].concat();
    let key = tlv(0x30, &[&tlv(0x30, &[EC_PUBLIC_KEY, P256]), &tlv(0x03, &[&public])]);
    let alternative = tlv(0x04, &[&tlv(0x30, &[&tlv(0x82, &[b"localhost"])])]);
    let extensions = tlv(0xa3, &[&tlv(0x30, &[&tlv(0x30, &[ALTERNATIVE_NAME, &alternative])])]);
    let version = tlv(0xa0, &[&tlv(0x02, &[&[2]])]);
    let signed =
        tlv(0x30, &[&version, &tlv(0x02, &[&[1]]), &algorithm, &name, &validity, &name, &key, &extensions]);
    let signature = pair.sign(&random, &signed).unwrap();
    let signature = [&[0_u8][..], signature.as_ref()].concat();
    tlv(0x30, &[&signed, &algorithm, &tlv(0x03, &[&signature])])
}

/// One value of DER: tag, length, content.
fn tlv(tag: u8, pieces: &[&[u8]]) -> Vec<u8> {
    let content = pieces.concat();
    let length = content.len();
    let head = match length {
        0..128 => vec![tag, length as u8],
        128..256 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content].concat()
}
