module m(a, y); assign y = ~a; endmodule
