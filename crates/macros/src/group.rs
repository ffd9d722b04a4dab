//! The methods of an `impl` block as tools that share one value.

use crate::{
    capability,
    options::{GroupOptions, Options},
    signature::{Callee, Parameter},
};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{
    Attribute, Error, ImplItem, ImplItemFn, ItemImpl, Meta, Result, Type, ext::IdentExt,
    spanned::Spanned,
};

/// Returns the block without its `#[tool]` attributes, and an implementation of `Tools` for its type.
///
/// # Errors
/// All reasons why a method cannot be a tool, each with the fix.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let group: GroupOptions = syn::parse2(options)?;
    let mut block: ItemImpl = syn::parse2(item).map_err(|error| {
        let message = "`#[tools]` is for an `impl` block; write `#[tool]` on an `async fn`";
        Error::new(error.span(), message)
    })?;
    if let Some((_, contract, _)) = &block.trait_ {
        let message = "`#[tools]` is for the methods of a type, not for a trait's";
        return Err(Error::new(contract.span(), message));
    }
    if !block.generics.params.is_empty() {
        let message = "the type cannot be generic: a tool is one type; \
            implement `TypedTool` for each tool instead";
        return Err(Error::new(block.generics.span(), message));
    }
    let krate = group.krate();
    let owner = (*block.self_ty).clone();
    let mut tools = Vec::new();
    let mut names = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let Some(mark) = method.attrs.iter().position(is_mark) else {
            continue;
        };
        let mark = method.attrs.remove(mark);
        let options = match &mark.meta {
            Meta::Path(_) => Options::default(),
            meta => meta.require_list()?.parse_args::<Options>()?,
        };
        let wrapper = format_ident!("__{}", method.sig.ident.unraw());
        tools.push(tool(&krate, &owner, &wrapper, method, options)?);
        names.push(wrapper);
    }
    if tools.is_empty() {
        let message = "no method has `#[tool]`; write it above each method that is a tool";
        return Err(Error::new(block.self_ty.span(), message));
    }
    Ok(quote! {
        #block

        const _: () = {
            #(#tools)*

            impl #krate::Tools for #owner {
                fn add_to(self, __toolbox: #krate::Toolbox) -> #krate::Toolbox {
                    let __shared = ::std::sync::Arc::new(self);
                    __toolbox #(.with(#names(::std::sync::Arc::clone(&__shared))))*
                }
            }
        };
    })
}

/// Whether the attribute is `#[tool]` or `#[glassbox::tool]`.
fn is_mark(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|segment| segment.ident == "tool")
}

/// Generates the tool of one method: a wrapper around the shared value.
fn tool(
    krate: &TokenStream,
    owner: &Type,
    wrapper: &syn::Ident,
    method: &ImplItemFn,
    options: Options,
) -> Result<TokenStream> {
    let signature = &method.sig;
    let name = &signature.ident;
    let receiver = signature.receiver();
    let by_reference = receiver
        .is_some_and(|receiver| receiver.reference.is_some() && receiver.mutability.is_none());
    if !by_reference {
        let span = receiver.map_or_else(|| name.span(), Spanned::span);
        let message = "calls run at the same time, so a tool takes `&self`; \
            keep what changes behind a lock or an atomic";
        return Err(Error::new(span, message));
    }
    let options = options.within(krate);
    let callee = Callee::of(&method.attrs, signature, false)?;
    let constants = capability::constants(name, &options, &callee)?;
    let arguments = callee.parameters.iter().map(|parameter| match parameter {
        Parameter::Cx | Parameter::World => quote!(__cx),
        Parameter::Input => quote!(__input),
    });
    // The compiler reports an error type that does not convert at this span.
    let span = signature.output.span().resolved_at(Span::call_site());
    let called_through = quote_spanned!(span=> #owner::#name(&*self.0 #(, #arguments)*).await?);
    Ok(quote! {
        #[allow(non_camel_case_types, reason = "it stands for a method")]
        struct #wrapper(::std::sync::Arc<#owner>);

        #[#krate::async_trait]
        impl #krate::TypedTool for #wrapper {
            #constants

            async fn call(
                &self, __cx: &#krate::Cx, __input: Self::Input,
            ) -> ::core::result::Result<Self::Output, #krate::ToolError> {
                let _unused = __cx;
                let __output = #called_through;
                ::core::result::Result::Ok(__output)
            }
        }
    })
}
