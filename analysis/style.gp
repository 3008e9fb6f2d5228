# The look that all figures share. A figure is analysis/NAME.gp, called as
#   gnuplot -d -c analysis/NAME.gp FORMAT OUTPUT TABLES
# (FORMAT svg, png or pdf; TABLES the folder with this experiment's tables). It begins with
#   FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
#   load ARG0[1 : strlen(ARG0) - strlen('NAME.gp')].'style.gp'
# and computes nothing: what it draws is in the tables, whose first line names the columns; NaN is a cell not run.

set encoding utf8
set datafile separator "\t"
set datafile columnheaders

# ---- page: the full width of a text column for two panels, 8 pt at that size
PAGE_W = 7.0; if (!exists("PAGE_H")) PAGE_H = 3.3 # a figure of two rows sets its own before
FONT = 'Liberation Sans'
PNG_DPI = 220.0
if (FORMAT eq 'svg') {
  set terminal svg size PAGE_W*96, PAGE_H*96 fixed standalone enhanced font FONT.',10.67' linewidth 1.0 background '#ffffff' name 'figure'
} else { if (FORMAT eq 'png') {
  set terminal pngcairo size PAGE_W*PNG_DPI, PAGE_H*PNG_DPI enhanced font FONT.',8' fontscale PNG_DPI/72.0 linewidth PNG_DPI/96.0 pointscale PNG_DPI/96.0 background '#ffffff'
} else { if (FORMAT eq 'pdf') {
  set terminal pdfcairo size PAGE_W in, PAGE_H in enhanced font FONT.',8' fontscale 1 linewidth 1.0 pointscale 0.55
} else {
  printerr 'FORMAT is svg, png or pdf, not '.FORMAT; exit status 2
}}}
set output OUTPUT
SMALL = FORMAT eq 'svg' ? ',9.3' : ',7'
HEAD = FORMAT eq 'svg' ? ',12' : ',9'

# ---- ink
INK = '#222222'; SOFT = '#767676'; GRID = '#e6e6e6'; SHADE = '#f4f4f4'; NOT_RUN = '#bdbdbd'

# Okabe and Ito's colours (the purple darker, to stand out on white), each with a marker of its own and a dash of its own.
# The yellow is left out: it cannot be read as a line on white.
array COLOUR[6] = ['#0072B2', '#D55E00', '#009E73', '#8A4E7D', '#B07C00', '#4C4C4C']
array MARKER[6] = [7, 5, 9, 13, 11, 15]
array DASH[6] = [1, 1, 1, 1, 1, 1]
BAND = 0.20

# cividis (Nunez, Anderton and Renslow 2018) by nine anchors: even steps for the eye, safe for colour-blind readers, and
# monotone in grey.
set palette defined (0 '#00224e', 1 '#123570', 2 '#3b496c', 3 '#575d6d', 4 '#707173', 5 '#8a8678', 6 '#a59c74', 7 '#c3b369', 8 '#fee838') maxcolors 0

# ---- parts
heading(letter, text) = '{/:Bold '.letter.'}  '.text
# A name from a table: in enhanced text a bare _ would lower the next letter.
plain(name) = strstrt(name, '_') == 0 ? name : name[1 : strstrt(name, '_') - 1].'\_'.plain(name[strstrt(name, '_') + 1 : *])

# One panel at a time: margins of the left and the right half; the right one leaves room for a colour box when it is a map.
LEFT = "set lmargin at screen 0.082; set rmargin at screen 0.470; set tmargin at screen 0.880; set bmargin at screen 0.160"
RIGHT = "set lmargin at screen 0.590; set rmargin at screen 0.985; set tmargin at screen 0.880; set bmargin at screen 0.160"
LEFT_MAP = "set lmargin at screen 0.088; set rmargin at screen 0.392; set tmargin at screen 0.880; set bmargin at screen 0.160"
RIGHT_MAP = "set lmargin at screen 0.592; set rmargin at screen 0.890; set tmargin at screen 0.880; set bmargin at screen 0.160"

# What a figure of a part of the points shows of a panel that has none: its heading over an empty frame. The program puts it in;
# scripts need not ask.
EMPTY = "printerr 'panel without points'; unset key; do for [EMPTY_tag = 2:9] { set label EMPTY_tag '' }; unset arrow; unset object; unset colorbox; unset logscale; unset grid; unset xtics; unset ytics; set label 98 'no points in this sweep' at graph 0.5,0.5 center front font SMALL textcolor rgb SOFT; set xrange [0:1]; set yrange [0:1]; plot 2 notitle"

# Sets everything that a panel may have changed back, then the axes of a plot of curves or of a map.
CLEAN = "unset label; unset arrow; unset object; unset logscale; unset key; unset grid; unset mxtics; unset mytics; unset cblabel; unset y2tics; unset y2label; set autoscale; set format; set xtics auto; set ytics auto"
CURVES = "@CLEAN; set border 3 lw 0.8 lc rgb INK; set tics nomirror out scale 0.5 textcolor rgb INK; set grid x y back lt 1 lw 0.5 lc rgb GRID; set style fill transparent solid BAND noborder"
MAP = "@CLEAN; set border 15 lw 0.8 lc rgb INK; set tics nomirror out scale 0.5 textcolor rgb INK; set style fill solid 1.0 noborder; set object 99 rect from graph 0,0 to graph 1,1 fc rgb NOT_RUN fs solid 1.0 noborder behind"
LEFT_BOX = "set colorbox user origin screen 0.403, screen 0.160 size screen 0.011, screen 0.720 noborder; set cbtics scale 0.3 offset -0.7,0 textcolor rgb INK"
RIGHT_BOX = "set colorbox user origin screen 0.901, screen 0.160 size screen 0.011, screen 0.720 noborder; set cbtics scale 0.3 offset -0.7,0 textcolor rgb INK"
KEY = "samplen 1.6 spacing 1.1 textcolor rgb INK noopaque Left reverse"
