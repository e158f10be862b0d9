//! Files that would take all memory or all day are refused, soon and by name.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{TempFile, bad, good, mapping, read};
use crate::{LabelOptions, Options, read_labels, read_recording};

fn archive(members: impl Iterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(name, options).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn sample(number: usize, answer: &str) -> (String, Vec<u8>) {
    let text = format!(
        r#"{{"id":{number},"epoch":1,"input":"q","output":{{"choices":[{{"message":{{"content":"{answer}"}}}}]}}}}"#
    );
    (format!("samples/{number}_epoch_1.json"), text.into_bytes())
}

#[test]
fn archives_that_unpack_to_many_times_their_size_are_refused() {
    let long = "x".repeat(30_000_000);
    let bytes = archive((0..8).map(|number| sample(number, &long)));
    assert!(bytes.len() < 1_000_000);
    let told = bad("bomb.eval", bytes, &Options::default());
    assert!(
        told.contains("the archive unpacks to more than 134217728 bytes"),
        "{told}"
    );
}

#[test]
fn conversations_beyond_what_is_kept_are_refused() {
    // Stored, so that the archive is as large as what it unpacks to.
    let long = "x".repeat(60_000_000);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..5 {
        let (name, bytes) = sample(number, &long);
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(name, options).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    let told = bad(
        "x.eval",
        writer.finish().unwrap().into_inner(),
        &Options::default(),
    );
    assert!(
        told.contains("(samples/4_epoch_1.json): the conversations up to here hold more than"),
        "{told}"
    );
}

#[test]
fn one_long_attachment_is_not_copied_without_end() {
    let messages = vec![r#"{"role":"user","content":"attachment://a"}"#; 2_000];
    let sample = format!(
        r#"{{"id":1,"epoch":1,"input":"q","messages":[{}],"attachments":{{"a":"{}"}}}}"#,
        messages.join(","),
        "x".repeat(1_000_000)
    );
    let log = format!(r#"{{"eval":{{}},"plan":{{}},"samples":[{sample}]}}"#);
    let told = bad("log.json", log, &Options::default());
    assert!(
        told.contains("(sample 1): the conversations up to here hold more"),
        "{told}"
    );
}

#[test]
fn the_number_of_members_is_asked_before_they_are_listed() {
    let mut bytes = archive((0..3).map(|number| sample(number, "a")));
    // The end of the archive says that there are 65,535 and more: the larger end says how many.
    let end = bytes
        .windows(4)
        .rposition(|four| four == b"PK\x05\x06")
        .unwrap();
    let mut large = b"PK\x06\x06".to_vec();
    large.extend([0; 28]);
    large.extend(4_000_000_000_u64.to_le_bytes());
    large.extend([0; 16]);
    bytes[end + 10..end + 12].copy_from_slice(&[0xff, 0xff]);
    bytes.splice(end..end, large);
    let told = bad("x.eval", bytes, &Options::default());
    assert!(
        told.contains("the archive has 4000000000 members"),
        "{told}"
    );
}

#[test]
fn a_million_columns_are_one_short_error_at_once() {
    let many: Vec<String> = (0..1_000_000).map(|number| format!("c{number}")).collect();
    let wide = format!("{}\n{}\n", many.join(","), ",".repeat(many.len() - 1));
    let told = bad("x.csv", &wide, &Options::default());
    assert!(
        told.starts_with("x.csv:1: the header has 1000000 columns"),
        "{told}"
    );
    let labels = TempFile::new("l.csv", wide.as_bytes());
    let told = read_labels(&labels.path, &LabelOptions::default()).unwrap_err();
    assert!(told.message.contains("1000000 columns"), "{told}");
    let object: Vec<String> = many.iter().map(|name| format!("\"{name}\":1")).collect();
    let told = bad(
        "x.jsonl",
        format!("{{{}}}", object.join(",")),
        &Options::default(),
    );
    assert!(
        told.contains("no column for field `prompt`") && told.len() < 2_000,
        "{told}"
    );
}

/// As wide as a spreadsheet may be: read, and not in quadratic time.
#[test]
fn sixteen_thousand_columns_are_read() {
    let names: Vec<String> = (0..16_000).map(|number| format!("c{number}")).collect();
    let text = format!(
        "{},prompt,response\n{}",
        names.join(","),
        format!("{}q,a\n", "1,".repeat(names.len())).repeat(50)
    );
    let recording = good("x.csv", &text, &mapping(&[("category", "c15999")]));
    assert_eq!(recording.samples.len(), 50);
    assert_eq!(recording.suite.categories[0].title, "1");
    // Mapped columns far to the right are found in labels, too.
    let labels = format!(
        "{},prompt,response,verdict\n{lead}q,a,yes\n{lead}r,b,no\n",
        names.join(","),
        lead = "1,".repeat(names.len())
    );
    let file = TempFile::new("l.csv", labels.as_bytes());
    let options = LabelOptions {
        mapping: [("label".to_owned(), "verdict".to_owned())].into(),
        scale: ["no", "yes"].map(str::to_owned).to_vec(),
        ..LabelOptions::default()
    };
    assert_eq!(read_labels(&file.path, &options).unwrap().samples.len(), 2);
}

#[test]
fn values_without_number_are_refused() {
    let values = format!("[{}{{}}]", "[],".repeat(6_000_000));
    let told = bad("x.json", values, &Options::default());
    assert!(told.contains("more than 10000000 values"), "{told}");
    let cells = format!("prompt,response,a,b\n{}", "q,a,,\n".repeat(3_400_000));
    let told = bad("x.csv", cells, &Options::default());
    assert!(told.contains("more than 10000000 fields"), "{told}");
}

#[test]
fn a_name_for_each_row_is_no_quadratic_work() {
    let rows: Vec<String> = (0..50_000)
        .map(|row| format!("q{row},a,c{row}\n"))
        .collect();
    let text = format!("prompt,response,category\n{}", rows.concat());
    let recording = good("x.csv", &text, &Options::default());
    assert_eq!(recording.suite.categories.len(), 50_000);
    let rows: Vec<String> = (0..2_000)
        .map(|row| format!("q{row},a,1,j{row}\n"))
        .collect();
    let text = format!("prompt,response,score,judge\n{}", rows.concat());
    let told = bad("x.csv", &text, &Options::default());
    assert!(told.contains("scores of more than 500 judges"), "{told}");
}

#[test]
fn an_epoch_beyond_all_runs_is_refused() {
    for epoch in ["100000", "4294967295"] {
        let text = format!("prompt,response,epoch\nq,a,0\nr,a,{epoch}\n");
        let told = bad("x.csv", text, &Options::default());
        assert!(
            told.starts_with(&format!("x.csv:3: the epoch is {epoch}")),
            "{told}"
        );
    }
    let text = "prompt,response,epoch\nq,a,1.0\nq,b,2.0\n";
    let recording = good("x.csv", text, &Options::default());
    let epochs: Vec<u32> = recording
        .samples
        .iter()
        .map(|sample| sample.epoch)
        .collect();
    assert_eq!(epochs, [0, 1]);
    // A file that begins with the second repetition does not say from where it counts.
    let text = "prompt,response,epoch\nq,a,2\nq,b,3\n";
    let recording = good("x.csv", text, &Options::default());
    let epochs: Vec<u32> = recording
        .samples
        .iter()
        .map(|sample| sample.epoch)
        .collect();
    assert_eq!(epochs, [2, 3]);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_before_it_is_read() {
    for path in ["/dev/zero", "/dev/null", "/"] {
        let path = std::path::Path::new(path);
        let error = read_recording(path, &Options::default()).unwrap_err();
        assert!(error.message.contains("only regular files"), "{error}");
        let error = read_labels(path, &LabelOptions::default()).unwrap_err();
        assert!(error.message.contains("only regular files"), "{error}");
    }
}

#[test]
fn other_encodings_and_separators_are_read_and_other_formats_named() {
    let text = "frage;antwort, kurz;prompt;response\nx;y, z;q?;A\n";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [
        text.as_bytes().to_vec(),
        [b"\xff\xfe", wide.as_slice()].concat(),
    ] {
        let recording = good("x.csv", bytes, &Options::default());
        assert_eq!(recording.suite.probes[0].question(), "q?");
    }
    let parquet = bad("x.parquet", b"PAR1\x15\x04\x15", &Options::default());
    assert!(
        parquet.contains("a Parquet file") && parquet.contains("read_parquet"),
        "{parquet}"
    );
    let workbook = archive([("xl/workbook.xml".to_owned(), b"<x/>".to_vec())].into_iter());
    let told = bad("x.xlsx", workbook, &Options::default());
    assert!(told.contains("an Excel workbook"), "{told}");
}

#[test]
fn lines_are_right_whatever_ends_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text = "prompt,response,epoch\n\"q\nr\",a,0\ns,b,x\n".replace('\n', end);
        let told = bad("x.csv", &text, &Options::default());
        assert!(
            told.starts_with("x.csv:4: field `epoch` is `x`"),
            "{end:?}: {told}"
        );
    }
    assert!(
        read(
            "x.csv",
            "# a\r\n# b\r\nprompt,response\r\nq\r\n",
            &Options::default()
        )
        .is_err_and(|error| error.line == Some(4))
    );
}
