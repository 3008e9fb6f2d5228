# Test accuracy of every stack on every task, and the learning curves over operations spent.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('looped_tasks.gp')].'style.gp'

stats TABLES.'tasks.tsv' using (1) nooutput
tasks = int(STATS_records) < 3 ? int(STATS_records) : 3
array NAME[3]
do for [t=1:tasks] { stats TABLES.'tasks.tsv' every ::(t-1)::(t-1) using (NAME[t] = strcol(1), 0) nooutput }
# "p-hop:hops=4:length=32" is a heading "p-hop" and a line of settings.
first(text) = strstrt(text, ':') == 0 ? text : text[1 : strstrt(text, ':') - 1]
rest(text) = strstrt(text, ':') == 0 ? '' : text[strstrt(text, ':') + 1 : *]
comma(text) = strstrt(text, ':') == 0 ? text : text[1 : strstrt(text, ':') - 1].', '.comma(text[strstrt(text, ':') + 1 : *])
short(text) = strstrt(text, ', supervision=') == 0 ? text : text[1 : strstrt(text, ', supervision=') - 1]
# The @ of a width of its own would be a sign to the typesetter: a star in its place.
stack(text) = strstrt(text, '@') == 0 ? times(text) : times(text[1 : strstrt(text, '@') - 1]).'*'
times(text) = strstrt(text, 'x') == 0 ? text : text[1 : strstrt(text, 'x') - 1].'×'.text[strstrt(text, 'x') + 1 : *]
# Kinds of stack: 0 fewer layers, 1 looped, 2 deep, 3 deep and narrow.
array INKED[4] = [COLOUR[6], COLOUR[1], COLOUR[2], COLOUR[3]]
array SHAPED[4] = [MARKER[6], MARKER[1], MARKER[2], MARKER[3]]
array KIND[4] = ['fewer layers', 'looped', 'deep', 'deep, narrow (*)']
stats TABLES.'stacks.tsv' using 2 nooutput
PLACES = STATS_max
left(t) = 0.076 + 0.327*(t - 1)
right(t) = left(t) + 0.258

set multiplot
do for [t=1:tasks] {
  @CURVES
  set lmargin at screen left(t); set rmargin at screen right(t); set tmargin at screen 0.860; set bmargin at screen 0.590
  set label 1 heading(word('a b c', t), plain(first(NAME[t]))) at screen left(t) - 0.066, screen 0.962 font HEAD textcolor rgb INK
  set label 2 short(plain(comma(rest(NAME[t])))) at screen left(t) + 0.005, screen 0.896 font SMALL textcolor rgb SOFT
  set xrange [-0.6:PLACES + 0.6]; set yrange [-0.03:1.05]; set ytics 0.5; set xtics font SMALL offset 0,0.3
  set xlabel 'layers × loops' offset 0,1.1 font SMALL textcolor rgb INK
  if (t == 1) { set ylabel 'test' offset 1.6,0 textcolor rgb INK } else { unset ylabel }
  plot TABLES.'stacks.tsv' using (column(1) == t - 1 ? column(2) : NaN):14 with lines lw 1.0 lc rgb INK notitle, \
       TABLES.'stacks.tsv' using (column(1) == t - 1 ? column(2) : NaN):15 with lines lw 1.0 dt (3,3) lc rgb INK notitle, \
       TABLES.'stacks.tsv' using (column(1) == t - 1 ? column(2) - 0.3 : NaN):10:(0.6):(0) with vectors nohead lw 2.0 lc rgb SOFT notitle, \
       TABLES.'stacks.tsv' using (column(1) == t - 1 ? column(2) : -9):17:xticlabels(stack(strcol(3))) with points pt 10 ps 0.8 lc rgb INK notitle, \
       for [k=1:4] TABLES.'seeds.tsv' using (column(1) == t - 1 && column(5) == k - 1 ? column(2) : NaN):3 with points pt SHAPED[k] ps 0.35 lc rgb INKED[k] notitle

  @CURVES
  set lmargin at screen left(t); set rmargin at screen right(t); set tmargin at screen 0.470; set bmargin at screen 0.235
  set logscale x 10; set format x '10^{%L}'; set xrange [*:*] noextend; set yrange [-0.03:1.05]; set ytics 0.5; set xtics offset 0,0.3
  set xlabel 'training (GFLOP)' offset 0,1.0 font SMALL textcolor rgb INK
  if (t == 1) { set ylabel 'validation' offset 1.6,0 textcolor rgb INK } else { unset ylabel }
  plot for [k=1:4] TABLES.'curves.tsv' using 3:(column(1) == t - 1 && column(7) == k - 1 ? column(5) : NaN) with lines lw 0.7 lc rgb INKED[k] notitle
}
# ---- one key for all, in a frame of its own
@CLEAN; unset border; unset tics; unset xlabel; unset ylabel; unset xzeroaxis
set lmargin at screen 0.02; set rmargin at screen 0.99; set tmargin at screen 0.125; set bmargin at screen 0.005
set xrange [0:1]; set yrange [0:1]
set key center center horizontal maxcols 4 samplen 1.4 width 1 font SMALL textcolor rgb INK noopaque Left reverse
plot for [k=1:4] NaN with linespoints lw 1.0 pt SHAPED[k] ps 0.5 lc rgb INKED[k] title KIND[k], \
     NaN with lines lw 2.0 lc rgb SOFT title 'mean over seeds', \
     NaN with points pt 10 ps 0.8 lc rgb INK title 'in the papers', \
     NaN with lines lw 1.0 lc rgb INK title 'best trivial', \
     NaN with lines lw 1.0 dt (3,3) lc rgb INK title 'chance'
unset multiplot
