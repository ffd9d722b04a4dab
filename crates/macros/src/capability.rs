//! Constants of `TypedTool` or `TypedAgent`, from the options and the signature.

use crate::{options::Options, options::check_name, signature::Callee};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, LitStr, Result, ext::IdentExt};

/// Returns the associated types and constants of the implementation.
///
/// # Errors
/// If the function's name is not a valid capability name.
pub(crate) fn constants(name: &Ident, options: &Options, callee: &Callee) -> Result<TokenStream> {
    let krate = options.krate();
    let capability = match &options.name {
        Some(name) => name.clone(),
        None => {
            let plain = name.unraw().to_string();
            check_name(&plain, name.span())?;
            LitStr::new(&plain, name.span())
        }
    };
    let input = match &callee.input {
        Some(input) => quote!(#input),
        None => quote!(()),
    };
    let (output, description) = (&callee.output, &callee.description);
    let text = quote!(&'static ::core::primitive::str);
    let yes = quote!(::core::primitive::bool);
    let effect = options
        .effect
        .as_ref()
        .map(|effect| quote!(const EFFECT: #krate::Effect = #krate::Effect::#effect;));
    let cost = options
        .cost
        .as_ref()
        .map(|cost| quote!(const COST: #krate::CostClass = #krate::CostClass::#cost;));
    let timeout = options.timeout_millis.map(|millis| {
        quote! {
            const TIMEOUT: ::core::time::Duration = ::core::time::Duration::from_millis(#millis);
        }
    });
    let title = options.title.as_ref().map(|title| {
        quote!(const TITLE: ::core::option::Option<#text> = ::core::option::Option::Some(#title);)
    });
    let open_world = options
        .open_world
        .map(|open| quote!(const OPEN_WORLD: #yes = #open;));
    let honours = options
        .honours_idempotency_key
        .then(|| quote!(const HONOURS_IDEMPOTENCY_KEY: #yes = true;));
    let strict = options.lenient.then(|| quote!(const STRICT: #yes = false;));
    let tags = (!options.tags.is_empty()).then(|| {
        let tags = &options.tags;
        quote!(const TAGS: &'static [#text] = &[#(#tags),*];)
    });
    Ok(quote! {
        type Input = #input;
        type Output = #output;
        const NAME: #text = #capability;
        const DESCRIPTION: #text = #description;
        #effect #cost #timeout #title #open_world #honours #strict #tags
    })
}
