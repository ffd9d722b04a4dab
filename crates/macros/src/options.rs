//! The options in the parentheses of an attribute.

use crate::{duration, nearest::nearest};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{
    Error, Ident, LitStr, Path, Result, Token,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

const EFFECTS: [(&str, &str); 4] = [
    ("read_only", "ReadOnly"),
    ("idempotent", "Idempotent"),
    ("mutating", "Mutating"),
    ("destructive", "Destructive"),
];

const COSTS: [(&str, &str); 3] = [
    ("free", "Free"),
    ("cheap", "Cheap"),
    ("expensive", "Expensive"),
];

const OPTIONS: [&str; 14] = [
    "read_only",
    "idempotent",
    "mutating",
    "destructive",
    "title",
    "name",
    "timeout",
    "cost",
    "tags",
    "honours_idempotency_key",
    "open_world",
    "closed_world",
    "lenient",
    "crate",
];

/// The options of one tool or skill.
#[derive(Clone, Default)]
pub(crate) struct Options {
    /// The variant of `Effect`.
    pub(crate) effect: Option<Ident>,
    pub(crate) title: Option<LitStr>,
    pub(crate) name: Option<LitStr>,
    pub(crate) timeout_millis: Option<u64>,
    /// The variant of `CostClass`.
    pub(crate) cost: Option<Ident>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) honours_idempotency_key: bool,
    pub(crate) open_world: Option<bool>,
    pub(crate) lenient: bool,
    krate: Option<TokenStream>,
    given: Vec<String>,
}

impl Options {
    /// The path of the crate that has the contracts.
    pub(crate) fn krate(&self) -> TokenStream {
        self.krate.clone().unwrap_or_else(|| quote!(::glassbox))
    }

    /// Uses the block's crate path, unless the method sets its own.
    pub(crate) fn within(mut self, krate: &TokenStream) -> Self {
        self.krate.get_or_insert_with(|| krate.clone());
        self
    }

    /// Whether `open_world` or `closed_world` was given.
    pub(crate) fn gives_world(&self) -> bool {
        self.open_world.is_some()
    }

    fn read(&mut self, input: ParseStream<'_>) -> Result<()> {
        let option = input.call(Ident::parse_any)?;
        let word = option.to_string();
        self.refuse_second(&option, &word)?;
        if let Some((_, variant)) = EFFECTS.iter().find(|(known, _)| *known == word) {
            self.effect = Some(format_ident!("{variant}", span = option.span()));
            return Ok(());
        }
        match word.as_str() {
            "title" => self.title = Some(text(input, &option, "Count words")?),
            "name" => {
                let name = text(input, &option, "count_words")?;
                check_name(&name.value(), name.span())?;
                self.name = Some(name);
            }
            "timeout" => {
                let text = text(input, &option, "5s")?;
                let millis = duration::millis(&text.value()).ok_or_else(|| {
                    let message = "not a duration; write a number and a unit, such as \"500ms\", \"5s\" or \"2m\"";
                    Error::new(text.span(), message)
                })?;
                self.timeout_millis = Some(millis);
            }
            "cost" => {
                expect_equals(input, &option, "cheap")?;
                let cost = input.call(Ident::parse_any)?;
                let known = COSTS.iter().find(|(known, _)| cost == known);
                let (_, variant) = known.ok_or_else(|| {
                    let message =
                        format!("unknown cost `{cost}`; write `free`, `cheap` or `expensive`");
                    Error::new(cost.span(), message)
                })?;
                self.cost = Some(format_ident!("{variant}", span = cost.span()));
            }
            "tags" => {
                let tags;
                if !input.peek(syn::token::Paren) {
                    let message = "`tags` needs words; write `tags(\"text\", \"count\")`";
                    return Err(Error::new(option.span(), message));
                }
                parenthesized!(tags in input);
                let tags = Punctuated::<LitStr, Token![,]>::parse_terminated(&tags)?;
                self.tags = tags.into_iter().collect();
            }
            "honours_idempotency_key" => self.honours_idempotency_key = true,
            "open_world" => self.open_world = Some(true),
            "closed_world" => self.open_world = Some(false),
            "lenient" => self.lenient = true,
            "crate" => {
                expect_equals(input, &option, "::glassbox_core")?;
                let path = input.call(Path::parse_mod_style)?;
                self.krate = Some(quote!(#path));
            }
            _ => return Err(unknown(&option, &word)),
        }
        Ok(())
    }

    /// Rejects a second effect, and `open_world` together with `closed_world`.
    fn refuse_second(&mut self, option: &Ident, word: &str) -> Result<()> {
        let group = |word: &str| match word {
            word if EFFECTS.iter().any(|(known, _)| *known == word) => "effect".to_owned(),
            "open_world" | "closed_world" => "world".to_owned(),
            word => word.to_owned(),
        };
        let earlier = self.given.iter().find(|given| group(given) == group(word));
        if let Some(earlier) = earlier {
            let message = match earlier == word {
                true => format!("`{word}` is given twice"),
                false => format!("`{word}` contradicts `{earlier}`; keep one of them"),
            };
            return Err(Error::new(option.span(), message));
        }
        self.given.push(word.to_owned());
        Ok(())
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            options.read(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

/// The options of a whole `impl` block: only the crate with the contracts.
pub(crate) struct GroupOptions(Options);

impl GroupOptions {
    pub(crate) fn krate(&self) -> TokenStream {
        self.0.krate()
    }
}

impl Parse for GroupOptions {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let span = input.span();
        let options = input.parse::<Options>()?;
        match options.given.iter().find(|given| *given != "crate") {
            None => Ok(Self(options)),
            Some(option) => {
                let message = format!(
                    "`{option}` belongs to one tool; write `#[tool({option})]` on the method"
                );
                Err(Error::new(span, message))
            }
        }
    }
}

fn unknown(option: &Ident, word: &str) -> Error {
    let message = match nearest(word, &OPTIONS) {
        Some(near) => format!("unknown option `{word}`; did you mean `{near}`?"),
        None => format!(
            "unknown option `{word}`; the options are {}",
            OPTIONS.map(|option| format!("`{option}`")).join(", ")
        ),
    };
    Error::new(option.span(), message)
}

fn expect_equals(input: ParseStream<'_>, option: &Ident, example: &str) -> Result<()> {
    if !input.peek(Token![=]) {
        let message = format!("`{option}` needs a value; write `{option} = {example}`");
        return Err(Error::new(option.span(), message));
    }
    input.parse::<Token![=]>().map(drop)
}

fn text(input: ParseStream<'_>, option: &Ident, example: &str) -> Result<LitStr> {
    expect_equals(input, option, &format!("\"{example}\""))?;
    input.parse::<LitStr>().map_err(|error| {
        let message = format!("`{option}` is a text; write `{option} = \"{example}\"`");
        Error::new(error.span(), message)
    })
}

/// Checks a capability's name against the rule of the contracts.
///
/// # Errors
/// If it is not made of lower-case words joined by `_`.
pub(crate) fn check_name(name: &str, span: Span) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(plain);
    match name.split('_').all(is_word) {
        true => Ok(()),
        false => Err(Error::new(
            span,
            format!(
                "`{name}` cannot be the name of a capability: use lower-case words joined by `_`, \
                 or write `name = \"count_words\"`"
            ),
        )),
    }
}
