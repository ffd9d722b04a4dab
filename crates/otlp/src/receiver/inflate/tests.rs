use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::{CHUNK, Encoding, InflateError, Inflater, State};
use crate::receiver::budget::Budget;

const ENCODINGS: [Encoding; 4] = [
    Encoding::Identity,
    Encoding::Gzip,
    Encoding::Deflate,
    Encoding::Zstd,
];

fn compress(encoding: Encoding, data: &[u8]) -> Vec<u8> {
    match encoding {
        Encoding::Identity => data.to_vec(),
        Encoding::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        Encoding::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        Encoding::Zstd => zstd::encode_all(data, 3).unwrap(),
    }
}

fn inflate(encoding: Encoding, data: &[u8], piece: usize) -> Result<Vec<u8>, InflateError> {
    let budget = Budget::new(1 << 30);
    let mut inflater = Inflater::try_new(encoding, 1 << 20, budget.lease())?;
    for piece in data.chunks(piece) {
        inflater.feed(piece)?;
        inflater.feed(&[])?;
    }
    let (bytes, lease) = inflater.finish()?;
    assert!(budget.used() >= bytes.len(), "every byte is charged");
    assert!(
        budget.used() <= 2 * bytes.len(),
        "and the room for as much again"
    );
    drop(lease);
    assert_eq!(budget.used(), 0, "and given back");
    Ok(bytes.to_vec())
}

/// Text that compresses, but not to almost nothing.
fn text(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| b'a' + ((i * i / 7) % 23) as u8)
        .collect()
}

#[test]
fn every_encoding_gives_back_what_went_in_however_it_is_cut() {
    for encoding in ENCODINGS {
        for length in [0, 1, 100, CHUNK, 2 * CHUNK, 300_000] {
            let data = text(length);
            let packed = compress(encoding, &data);
            for piece in [1, 7, 4096, usize::MAX] {
                if piece == 1 && length > 1000 && encoding == Encoding::Identity {
                    continue;
                }
                assert_eq!(
                    inflate(encoding, &packed, piece),
                    Ok(data.clone()),
                    "{encoding:?}"
                );
            }
        }
    }
}

#[test]
fn concatenated_members_and_frames_are_one_body() {
    for encoding in [Encoding::Gzip, Encoding::Zstd] {
        let mut packed = compress(encoding, b"one ");
        packed.extend(compress(encoding, b"two"));
        assert_eq!(
            inflate(encoding, &packed, 5),
            Ok(b"one two".to_vec()),
            "{encoding:?}"
        );
    }
}

#[test]
fn a_body_cut_anywhere_is_corrupt() {
    for encoding in [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd] {
        let packed = compress(encoding, &text(500));
        for length in 0..packed.len() {
            // A stream that ends early is only detected at its end.
            let result = inflate(encoding, &packed[..length], 64);
            assert_eq!(
                result,
                Err(InflateError::Corrupt),
                "{encoding:?} cut at {length}"
            );
        }
    }
}

#[test]
fn bytes_that_are_no_stream_and_bytes_after_the_stream_are_corrupt() {
    for encoding in [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd] {
        assert_eq!(
            inflate(encoding, b"{\"resourceSpans\":[]}", 64),
            Err(InflateError::Corrupt)
        );
        let mut packed = compress(encoding, &text(500));
        packed.extend_from_slice(b"garbage that is not a stream");
        assert_eq!(
            inflate(encoding, &packed, 64),
            Err(InflateError::Corrupt),
            "{encoding:?}"
        );
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit_and_holds_no_more_than_it() {
    const LIMIT: usize = 1 << 20;
    let zeros = vec![0; 200 << 20];
    for encoding in ENCODINGS {
        let bomb = compress(encoding, &zeros);
        let budget = Budget::new(1 << 30);
        let mut inflater = Inflater::try_new(encoding, LIMIT, budget.lease()).unwrap();
        let stopped = bomb
            .chunks(8 << 10)
            .find_map(|piece| inflater.feed(piece).err());
        assert_eq!(stopped, Some(InflateError::TooLarge), "{encoding:?}");
        let output = match &inflater.state {
            State::Identity(output) => output,
            State::Gzip(decoder) => decoder.get_ref(),
            State::Deflate { output, .. } | State::Zstd { output, .. } => output,
        };
        assert!(output.bytes.len() <= LIMIT && output.bytes.capacity() <= LIMIT);
        assert!(
            output.bytes.len() + CHUNK > LIMIT,
            "the limit itself can be used"
        );
        assert_eq!(budget.used(), output.bytes.len());
    }
}

#[test]
fn a_used_up_budget_stops_a_body_before_its_own_limit() {
    for encoding in ENCODINGS {
        let packed = compress(encoding, &text(100_000));
        let budget = Budget::new(50_000);
        let mut inflater = Inflater::try_new(encoding, 1 << 20, budget.lease()).unwrap();
        assert_eq!(
            inflater.feed(&packed),
            Err(InflateError::NoBudget),
            "{encoding:?}"
        );
        drop(inflater);
        assert_eq!(budget.used(), 0);
    }
}

#[test]
fn a_zstd_window_beyond_the_bound_is_refused_before_it_is_allocated() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.long_distance_matching(true).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(&text(1000)).unwrap();
    // Flushed before the end, so that the header cannot shrink the window to the content.
    encoder.flush().unwrap();
    let packed = encoder.finish().unwrap();
    assert_eq!(
        inflate(Encoding::Zstd, &packed, 64),
        Err(InflateError::Corrupt)
    );
}
