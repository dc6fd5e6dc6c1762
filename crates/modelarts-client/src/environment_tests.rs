//! Which variables make which credentials, and which are refused.

use std::error::Error;

use secrecy::ExposeSecret;

use super::*;

type Variables<'a> = &'a [(&'a str, &'a str)];

fn look(variables: Variables<'_>) -> impl Fn(&str) -> Option<String> {
    move |name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

fn read(variables: Variables<'_>) -> Result<Option<Credentials>, EnvironmentError> {
    Credentials::from_environment(look(variables))
}

const SDK: [(&str, &str); 2] = [("HUAWEICLOUD_SDK_AK", "AKSDK\n"), ("HUAWEICLOUD_SDK_SK", " sk-sdk ")];
const TERRAFORM: [(&str, &str); 3] = [
    ("HW_ACCESS_KEY", "AKTF"),
    ("HW_SECRET_KEY", "sk-tf"),
    ("HW_SECURITY_TOKEN", "st-tf"),
];
const LOGIN: [(&str, &str); 3] = [
    ("HW_DOMAIN_NAME", "account"),
    ("HW_USER_NAME", "user"),
    ("HW_USER_PASSWORD", " two words \n"),
];

/// The parts of keys, as plain text.
fn parts(credentials: Option<Credentials>) -> (String, String, Option<String>) {
    match credentials {
        Some(Credentials::Keys {
            access_key,
            secret_key,
            security_token,
        }) => (
            access_key,
            secret_key.expose_secret().to_owned(),
            security_token.map(|token| token.expose_secret().to_owned()),
        ),
        other => panic!("no keys: {other:?}"),
    }
}

#[test]
fn each_family_is_read_and_the_first_wins() {
    assert!(read(&[]).unwrap().is_none());
    assert_eq!(
        parts(read(&SDK).unwrap()),
        ("AKSDK".into(), "sk-sdk".into(), None),
        "white space goes"
    );
    let terraform = ("AKTF".to_owned(), "sk-tf".to_owned(), Some("st-tf".to_owned()));
    assert_eq!(parts(read(&TERRAFORM).unwrap()), terraform);
    let all = [&TERRAFORM[..], &LOGIN[..]].concat();
    assert_eq!(parts(read(&all).unwrap()), terraform, "keys before a password");
    let same = [("HUAWEICLOUD_SDK_AK", "AKTF"), ("HUAWEICLOUD_SDK_SK", "sk-first")];
    let same = [&same[..], &TERRAFORM[..]].concat();
    assert_eq!(parts(read(&same).unwrap()).1, "sk-first");
    match read(&LOGIN).unwrap() {
        Some(Credentials::Password {
            domain,
            username,
            password,
        }) => {
            assert_eq!((domain.as_str(), username.as_str()), ("account", "user"));
            assert_eq!(password.expose_secret(), " two words ");
        }
        other => panic!("no login: {other:?}"),
    }
}

#[test]
fn an_empty_variable_and_a_lone_account_name_are_nothing() {
    let empty = [("HUAWEICLOUD_SDK_AK", ""), ("HW_SECURITY_TOKEN", "\n")];
    assert!(read(&empty).unwrap().is_none());
    assert!(read(&LOGIN[..1]).unwrap().is_none());
    let beside = [&SDK[..], &LOGIN[..1]].concat();
    assert_eq!(parts(read(&beside).unwrap()).0, "AKSDK");
}

#[test]
fn what_is_half_set_is_an_error_that_names_the_variables() {
    let all = [&SDK[..], &TERRAFORM[..], &LOGIN[..]].concat();
    for (set, missing, first) in [
        (&["HUAWEICLOUD_SDK_AK"][..], "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_AK"),
        (&["HUAWEICLOUD_SDK_SK"], "HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"),
        (&["HW_ACCESS_KEY"], "HW_SECRET_KEY", "HW_ACCESS_KEY"),
        (
            &["HW_SECRET_KEY", "HW_SECURITY_TOKEN"],
            "HW_ACCESS_KEY",
            "HW_SECRET_KEY",
        ),
        (&["HW_SECURITY_TOKEN"], "HW_ACCESS_KEY", "HW_SECURITY_TOKEN"),
        (&["HW_USER_NAME"], "HW_USER_PASSWORD", "HW_USER_NAME"),
        (
            &["HW_USER_PASSWORD", "HW_DOMAIN_NAME"],
            "HW_USER_NAME",
            "HW_USER_PASSWORD",
        ),
        (&["HW_USER_NAME", "HW_USER_PASSWORD"], "HW_DOMAIN_NAME", "HW_USER_NAME"),
    ] {
        let some: Vec<_> = all.iter().filter(|(name, _)| set.contains(name)).copied().collect();
        let error = read(&some).unwrap_err();
        assert_eq!(error, half(first, missing), "{set:?}");
        assert_eq!(error.to_string(), format!("{first} is set and {missing} is not"));
    }
    let beside = [&SDK[..], &TERRAFORM[..1]].concat();
    assert!(read(&beside).is_err(), "one family does not excuse the other");
}

#[test]
fn two_different_access_keys_are_an_error() {
    let both = [&SDK[..], &TERRAFORM[..]].concat();
    let error = read(&both).unwrap_err();
    assert_eq!(error, EnvironmentError::TwoKeys("HUAWEICLOUD_SDK_AK", "HW_ACCESS_KEY"));
    assert!(!error.to_string().contains("AKTF"));
}

#[test]
fn a_value_that_cannot_be_right_is_an_error_without_the_value() {
    let error = read(&[("HW_ACCESS_KEY", "AK TWO"), ("HW_SECRET_KEY", "s")]).unwrap_err();
    let why = error.source().unwrap();
    let text = format!("{error}: {why}");
    assert!(text.contains("HW_ACCESS_KEY") && text.contains("white space"), "{text}");
    assert!(!text.contains("TWO"), "{text}");
}

#[test]
fn pod_identity_needs_both_variables_and_an_address_it_may_have() {
    let uri = (
        "HC_CONTAINER_CREDENTIALS_FULL_URI",
        "http://169.254.170.23/v1/credentials",
    );
    let file = ("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/token\n");
    let read = |variables: Variables<'_>| KeySource::from_environment(look(variables));
    assert_eq!(read(&[]).unwrap(), None);
    let expected = KeySource::PodIdentity {
        uri: uri.1.parse().unwrap(),
        token_file: "/var/run/token".into(),
    };
    assert_eq!(read(&[uri, file]).unwrap(), Some(expected));
    assert_eq!(read(&[uri]).unwrap_err(), half(uri.0, file.0));
    assert_eq!(read(&[file]).unwrap_err(), half(file.0, uri.0));
    for (bad, why) in [
        ("http://evil.example/v1", KeySourceError::NotPrivate),
        ("https://u:p@h.example/v1", KeySourceError::TooMuch("a user")),
        ("/v1/credentials", KeySourceError::NoUrl),
    ] {
        let error = read(&[(uri.0, bad), file]).unwrap_err();
        assert_eq!(error, EnvironmentError::Source { name: uri.0, why }, "{bad}");
        assert!(error.to_string().contains(uri.0), "{error}");
    }
}
