//! Reads a tool's parameters, output and description from its function.

use proc_macro2::Span;
use syn::{
    Attribute, Error, Expr, FnArg, GenericArgument, Ident, Lit, Meta, PathArguments, Result,
    ReturnType, Signature, Type, spanned::Spanned,
};

/// The role of one parameter of a function.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Parameter {
    Cx,
    World,
    Input,
}

/// A function that can be a tool or a skill.
pub(crate) struct Callee {
    /// In the order of the function, without `self`.
    pub(crate) parameters: Vec<Parameter>,
    /// `None` if the function takes no input.
    pub(crate) input: Option<Type>,
    /// `T` of `Result<T, _>`.
    pub(crate) output: Type,
    pub(crate) description: String,
}

impl Callee {
    /// Reads a function.
    ///
    /// # Errors
    /// All reasons why the function cannot be a tool, each with the fix.
    pub(crate) fn of(
        attributes: &[Attribute],
        signature: &Signature,
        allows_world: bool,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let name = &signature.ident;
        if signature.asyncness.is_none() {
            let message = format!("a tool is asynchronous; write `async fn {name}`");
            errors.add(Error::new(signature.fn_token.span, message));
        }
        if !signature.generics.params.is_empty() {
            let message =
                "a tool cannot be generic: its schemas come from its types; name the types";
            errors.add(Error::new(signature.generics.span(), message));
        }
        let description = description(attributes, name);
        let parameters = parameters(signature, allows_world);
        let output = output(&signature.output, name);
        match (
            errors.take(description),
            errors.take(parameters),
            errors.take(output),
        ) {
            (Some(description), Some((parameters, input)), Some(output)) => {
                errors.into_result(Self {
                    parameters,
                    input,
                    output,
                    description,
                })
            }
            _ => Err(errors.into_error(name.span())),
        }
    }
}

/// Errors that are reported together.
#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn take<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    fn into_result<T>(self, value: T) -> Result<T> {
        self.0.map_or(Ok(value), Err)
    }

    fn into_error(self, span: Span) -> Error {
        self.0
            .unwrap_or_else(|| Error::new(span, "not a function that can be a tool"))
    }
}

/// Returns the doc comment up to its first heading. Lines of a paragraph are joined; paragraphs stay separate.
fn description(attributes: &[Attribute], name: &Ident) -> Result<String> {
    let lines: Vec<String> = attributes.iter().filter_map(doc_line).collect();
    let mut paragraphs = vec![String::new()];
    for line in lines.iter().map(|line| line.trim()) {
        if line.starts_with("# ") || line.starts_with("```") {
            break;
        }
        match (line, paragraphs.last_mut()) {
            ("", _) => paragraphs.push(String::new()),
            (line, Some(last)) if last.is_empty() => last.push_str(line),
            (line, Some(last)) => {
                last.push(' ');
                last.push_str(line);
            }
            (_, None) => {}
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    match paragraphs.is_empty() {
        false => Ok(paragraphs.join("\n\n")),
        true => {
            let message = format!(
                "models choose by the description, which is the doc comment; write `/// …` above `{name}`"
            );
            Err(Error::new(name.span(), message))
        }
    }
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        Expr::Lit(literal) if pair.path.is_ident("doc") => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn parameters(signature: &Signature, allows_world: bool) -> Result<(Vec<Parameter>, Option<Type>)> {
    let mut parameters = Vec::new();
    let mut input = None;
    for argument in &signature.inputs {
        let FnArg::Typed(argument) = argument else {
            continue;
        };
        let parameter = match &*argument.ty {
            Type::Reference(reference) => match last_segment(&reference.elem) {
                Some(name) if name == "Cx" && reference.mutability.is_none() => Parameter::Cx,
                Some(name) if name == "World" && allows_world => Parameter::World,
                Some(name) if name == "World" => {
                    let message = "a tool cannot reach other services; \
                        make it an agent's skill with `#[skill]`, or remove this parameter";
                    return Err(Error::new(argument.ty.span(), message));
                }
                _ => {
                    let message = "the input is taken by value; remove the `&`";
                    return Err(Error::new(argument.ty.span(), message));
                }
            },
            _ => Parameter::Input,
        };
        if parameters.contains(&parameter) {
            let message = match parameter {
                Parameter::Cx => "`&Cx` is here twice; keep one",
                Parameter::World => "`&World` is here twice; keep one",
                Parameter::Input => {
                    "a tool takes one input, an object; put all fields into one struct"
                }
            };
            return Err(Error::new(argument.span(), message));
        }
        if parameter == Parameter::Input {
            input = Some((*argument.ty).clone());
        }
        parameters.push(parameter);
    }
    Ok((parameters, input))
}

fn output(written: &ReturnType, name: &Ident) -> Result<Type> {
    let wrong = |span: Span| {
        let message = format!(
            "a tool returns a result; write `async fn {name}(…) -> Result<Output, ToolError>`"
        );
        Error::new(span, message)
    };
    let ReturnType::Type(_, result) = written else {
        return Err(wrong(name.span()));
    };
    let Type::Path(path) = &**result else {
        return Err(wrong(result.span()));
    };
    let last = path.path.segments.last();
    let last = last.filter(|last| last.ident == "Result");
    match last.map(|last| &last.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => match arguments.args.first() {
            Some(GenericArgument::Type(output)) => Ok(output.clone()),
            _ => Err(wrong(result.span())),
        },
        _ => Err(wrong(result.span())),
    }
}

fn last_segment(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}
