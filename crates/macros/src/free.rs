//! A free function as a tool or a skill.

use crate::{
    capability,
    options::Options,
    signature::{Callee, Parameter},
};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Attribute, Error, FnArg, ItemFn, Result, spanned::Spanned};

/// The item that replaces the function.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Tool,
    Skill,
}

/// Generates the unit struct that replaces the function, with its implementation.
///
/// # Errors
/// All reasons why the function cannot be a tool, each with the fix.
pub(crate) fn expand(kind: Kind, options: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut function: ItemFn = syn::parse2(item).map_err(|error| {
        let message = "this attribute is for an `async fn`; \
            methods of an `impl` block that has `#[tools]` are marked with `#[tool]`";
        Error::new(error.span(), message)
    })?;
    if let Some(FnArg::Receiver(receiver)) = function.sig.inputs.first() {
        let message = "a method needs `#[glassbox::tools]` on its `impl` block, and `#[tool]` here";
        return Err(Error::new(receiver.span(), message));
    }
    let options: Options = syn::parse2(options)?;
    if kind == Kind::Skill && options.gives_world() {
        let message = "a skill always reaches other services; \
            remove `open_world` or `closed_world`";
        return Err(Error::new(function.sig.ident.span(), message));
    }
    let callee = Callee::of(&function.attrs, &function.sig, kind == Kind::Skill)?;
    let name = function.sig.ident.clone();
    let constants = capability::constants(&name, &options, &callee)?;
    let krate = options.krate();
    let visibility = function.vis.clone();
    let (docs, others): (Vec<Attribute>, Vec<Attribute>) = function
        .attrs
        .drain(..)
        .partition(|attribute| attribute.path().is_ident("doc"));
    function.attrs = others;
    function.vis = syn::Visibility::Inherited;

    let (contract, method, world) = match kind {
        Kind::Tool => (quote!(TypedTool), format_ident!("call"), None),
        Kind::Skill => (
            quote!(TypedAgent),
            format_ident!("invoke"),
            Some(quote!(__world: &#krate::World<'_>,)),
        ),
    };
    let handed_on = world.is_some().then(|| quote!(__world,));
    let arguments = callee.parameters.iter().map(|parameter| match parameter {
        Parameter::Cx => quote!(__cx),
        Parameter::World => quote!(__world),
        Parameter::Input => quote!(__input),
    });
    let input = match &callee.input {
        Some(input) => quote!(#input),
        None => quote!(()),
    };
    let returned = &function.sig.output;
    // The compiler reports an error type that does not convert at this span.
    let span = returned.span().resolved_at(Span::call_site());
    let called_through =
        quote_spanned!(span=> #name::#method(self, __cx, #handed_on __input).await?);
    let called = match kind {
        Kind::Tool => "Calls the tool directly, as a test does.",
        Kind::Skill => "Invokes the skill directly, as a test does.",
    };
    Ok(quote! {
        #(#docs)*
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #[allow(non_camel_case_types, reason = "it stands in the place of a function")]
        #visibility struct #name;

        impl #name {
            #[doc = #called]
            #[allow(dead_code, reason = "for tests")]
            #visibility async fn #method(
                &self, __cx: &#krate::Cx, #world __input: #input,
            ) #returned {
                let _unused = (__cx, #handed_on);
                #function
                #name(#(#arguments),*).await
            }
        }

        #[#krate::async_trait]
        impl #krate::#contract for #name {
            #constants

            async fn #method(
                &self, __cx: &#krate::Cx, #world __input: Self::Input,
            ) -> ::core::result::Result<Self::Output, #krate::ToolError> {
                let __output = #called_through;
                ::core::result::Result::Ok(__output)
            }
        }
    })
}
