#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| nocere_fuzz::run("chat_templates", bytes));
