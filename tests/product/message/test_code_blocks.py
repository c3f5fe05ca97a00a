import pytest

from product.message.customer import CustomerText, customer_text

OWN = "How do I turn this off?"

CODE = {
    "python": 'Traceback (most recent call last):\n  File "app.py", line 3, in <module>\n    fail()\n'
    "ValueError: fatal error, invalid value",
    "java": 'Exception in thread "main" java.lang.NullPointerException: bad\n\tat com.example.App.run(App.java:12)\n'
    "\tat com.example.App.main(App.java:3)\nCaused by: java.io.IOException: failed\n\t... 12 more",
    "javascript": "TypeError: Cannot read properties of undefined\n    at foo (app.js:1:2)\n    at "
    "Object.<anonymous> "
    "(/srv/app.js:10:5)\n    at async main (file:///srv/app.js:3:1)",
    "node": "Error: ENOENT: no such file\n    at Object.openSync (fs.js:498:3)\n  at main.js:12",
    "go": "panic: runtime error: invalid address\ngoroutine 1 [running]:\nmain.main()\n\t/tmp/x.go:12 +0x1d",
    "c#": "System.InvalidOperationException: Operation failed\n   at Foo.Bar.Run(String name) in C:\\src\\"
    "Bar.cs:line 3\n"
    "   --- End of inner exception stack trace ---",
    "php": "Fatal error\n#0 /var/www/app.php(12): fail()\n#1 {main}"[12:],
    "log": "2024-11-04 10:32:15,123 ERROR worker failed: fatal\n2024-11-04 10:32:16,001 INFO retry",
    "log in brackets": "[2024-11-04T10:32:15Z] [ERROR] connection refused\n[ERROR] giving up",
    "log with the level first": "ERROR 2024-11-04 10:32:15 worker failed\nWARN  10:32:16 bad",
    "syslog": "Nov  4 10:32:15 host app[123]: fatal error",
    "logcat": "11-04 10:32:15.123  1234  1256 E AndroidRuntime: FATAL EXCEPTION: main",
    "access log": '192.0.2.1 - - [04/Nov/2024:10:32:15 +0000] "GET / HTTP/1.1" 500 12',
    "npm": "npm ERR! code ELIFECYCLE\nnpm ERR! errno 1",
    "fence": "```\nerror: this is terrible\n```",
    "fence with language": "```python\nprint('I hate this')\n```",
    "json": '{"status": "error", "message": "terrible failure",\n "code": 500}',
    "json list": '[{"error": "bad"}, {"error": "worse"}]',
    "xml": "<order>\n  <error>terrible failure</error>\n</order>",
    "source": "function fail() {\n  return kill(process);\n}",
    "c": '#include "stdio.h"\nint main() {\n  abort();\n}',
    "sql": "SELECT * FROM orders WHERE failed = 1;\nDELETE FROM orders WHERE dead = 1;",
    "shell": "$ pip install attune\n$ ./run --fail",
}


@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_code_does_not_decide(code):
    assert customer_text(f"{OWN}\n\n{code}") == CustomerText(OWN, ("code",))
    assert customer_text(f"怎么关闭这个功能？\n\n{code}\n\n谢谢") == CustomerText(
        "怎么关闭这个功能？\n\n谢谢", ("code",)
    )


@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_code_alone_is_read(code):
    assert customer_text(code).omitted == ()


@pytest.mark.parametrize(
    "text",
    [
        "ERROR: I cannot log in\nPlease help",
        "WARNING: do not buy this!\nIt is bad",
        "Error 500 again\nand again",
        "at the shop (Main Street)\nnobody helped me",
        "at home it works\nat work it does not",
        "{angry}\n[shrug]",
        "2024-11-04 10:32 I called you.\n2024-11-04 11:32 I called again.",
        "10:32:15 waiting\n10:45:00 still waiting",
        "My ticket [4711] is open\nsince May",
        "if you can, help me;\nI am lost",
        "for me (and others)\nit is slow",
        "import taxes are too high\nI think",
        "Here is my list:\n1) slow\n2) loud",
        "#1 problem: 2 screens\n#2 problem: noise",
        "I get `error 5` in the app\nevery day",
        "class action lawsuit!\nSoon",
        "return my money\nreturn it now",
        "(:\n:)",
        "Tom <tom@example.com>\nAnna <anna@example.com>",
    ],
)
def test_what_only_resembles_code_stays(text):
    assert customer_text(text) == CustomerText(text, ())


def test_data_inside_a_line_is_left_out():
    text = 'The app answers {"error": "fatal", "code": 500} since Monday.'
    assert customer_text(text) == CustomerText("The app answers  since Monday.", ("code",))
